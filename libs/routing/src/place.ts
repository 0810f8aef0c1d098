import { compileCascade, type CascadeOf } from './cascade.ts';
import { compileTargets, type Targets } from './choose.ts';
import { compileFilters, type Misfit } from './filter.ts';
import type { Patterns } from './pattern.ts';
import type { Rule } from './rule.ts';

/** A rule made ready. */
export interface CompiledRule {
  readonly rule: Rule;
  readonly misfit: Misfit;
  readonly targets: Targets;
  readonly cascadeOf: CascadeOf | undefined;
}

/** Of a rule in the order of all: one for each pair of a prefix and a network of its own, as it is looked at earlier for what it names more exactly. */
export interface Place {
  readonly compiled: CompiledRule;
  /** Empty: any number. */
  readonly prefix: string;
  /** mcc, or mcc and mnc; empty: any. */
  readonly network: string;
}

export interface Network {
  readonly mcc: string;
  readonly mnc: string;
}

export function compileRule(rule: Rule, patterns: Patterns): CompiledRule {
  return {
    rule,
    misfit: compileFilters(rule.when, patterns),
    targets: compileTargets(rule),
    cascadeOf: rule.cascade && compileCascade(rule.cascade),
  };
}

export function placesOf(compiled: CompiledRule): Place[] {
  const { prefixes = [''], networks = [''] } = compiled.rule.when;
  return [...new Set(prefixes)].flatMap((prefix) => [...new Set(networks)].map((network) => ({ compiled, prefix, network })));
}

/**
 * The order in which rules are looked at: by rank; of the same, by what they name more exactly, as prices are looked up (network before country
 * before prefix, the longer prefix first); those of tenants before those of all; then by id. Total, as ids differ.
 */
export function comparePlaces(a: Place, b: Place): number {
  return (
    a.compiled.rule.rank - b.compiled.rule.rank ||
    exactness(b.network) - exactness(a.network) ||
    b.prefix.length - a.prefix.length ||
    Number(!a.compiled.rule.when.tenants) - Number(!b.compiled.rule.when.tenants) ||
    compareText(a.compiled.rule.id, b.compiled.rule.id) ||
    compareText(a.prefix, b.prefix) ||
    compareText(a.network, b.network)
  );
}

/** 0: any; 1: a country; 2: a network. */
function exactness(network: string): number {
  return network === '' ? 0 : network.length === 3 ? 1 : 2;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function fitsNetwork({ network }: Pick<Place, 'network'>, of: Network | undefined): boolean {
  return network === '' || (of !== undefined && (network === of.mcc || network === of.mcc + of.mnc));
}
