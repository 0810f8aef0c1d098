import {
  differenceUnits,
  reconcileSubjects,
  type Difference,
  type DifferencesAnswer,
  type DifferencesQuestion,
  type ProofAnswer,
  type ProofQuestion,
  type ProvenTenant,
} from '@heliograph/message';
import type { z } from 'zod';
import { creditsText } from '../../credits/credits.ts';
import { nobodyAnswers, type Asking } from '../../http/ask.ts';
import type { Operations } from '../../http/endpoint.ts';
import { timeText } from '../../http/time.ts';
import type { differenceEndpoints } from './endpoints.ts';
import type { differenceList, proof } from './schema.ts';

export interface DifferenceOperationsOptions {
  readonly asking: Asking;
}

/** The proof of a page of tenants adds their entries up. */
const proofMsMax = 20_000;
const differencesMsMax = 5_000;

export function createDifferenceOperations({ asking }: DifferenceOperationsOptions): Operations<typeof differenceEndpoints> {
  return {
    async differences({ query: { limit, before, tenant, kind, open } }) {
      const question: DifferencesQuestion = {
        limit,
        ...(before === undefined ? {} : { before }),
        ...(tenant === undefined ? {} : { tenant }),
        ...(kind === undefined ? {} : { kind }),
        ...(open === undefined ? {} : { open: open === 'true' }),
      };
      const answer = await asking.ask<DifferencesAnswer>(reconcileSubjects.differences, question, differencesMsMax);
      return answer
        ? { ok: true, body: { differences: answer.differences.map(showDifference), next: answer.next ?? null } }
        : nobodyAnswers;
    },
    async proof({ query: { limit, after } }) {
      const question: ProofQuestion = { limit, ...(after === undefined ? {} : { after }) };
      const answer = await asking.ask<ProofAnswer>(reconcileSubjects.proof, question, proofMsMax);
      if (!answer) return nobodyAnswers;
      const { tenants, next = null, comparedAtMs } = answer;
      const comparedAt = comparedAtMs === undefined ? null : timeText(comparedAtMs);
      return { ok: true, body: { tenants: tenants.map(showTenant), next, comparedAt } };
    },
  };
}

const figures: Readonly<Record<(typeof differenceUnits)[Difference['kind']], (digits: string) => string>> = {
  microCredits: (digits) => creditsText(BigInt(digits)),
  messages: String,
  seconds: String,
};

export function showDifference({
  kind,
  expected,
  found,
  foundAtMs,
  resolvedAtMs,
  resolution,
  ...same
}: Difference): z.infer<typeof differenceList>['differences'][number] {
  const unit = differenceUnits[kind];
  return {
    ...same,
    kind,
    unit: unit === 'microCredits' ? 'credits' : unit,
    expected: figures[unit](expected),
    found: figures[unit](found),
    samples: [...same.samples],
    foundAt: timeText(foundAtMs),
    resolvedAt: resolvedAtMs === undefined ? null : timeText(resolvedAtMs),
    resolution: resolution ?? null,
  };
}

function showTenant(one: ProvenTenant): z.infer<typeof proof>['tenants'][number] {
  return {
    tenant: one.tenant,
    funds: creditsText(BigInt(one.fundsMicroCredits)),
    balance: creditsText(BigInt(one.balanceMicroCredits)),
    leased: creditsText(BigInt(one.leasedMicroCredits)),
    charged: creditsText(BigInt(one.chargedMicroCredits)),
    refunded: creditsText(BigInt(one.refundedMicroCredits)),
    holds: one.holds,
    differences: one.differences,
  };
}
