import type { Price } from '@heliograph/registry';
import { overlapsIn } from '@heliograph/registry';
import type { FieldError } from '../../http/problem.ts';
import { validate } from '../../http/validate.ts';
import { priceGiven, priceOf, type PriceGiven } from './price.ts';

/** The key of a price, and the price unless it is taken away. */
export interface PriceLine {
  readonly key: Required<Pick<Price, 'prefix' | 'mcc' | 'mnc'>>;
  readonly price?: Price;
}

export type ReadPrices =
  { readonly ok: true; readonly lines: readonly PriceLine[] } | { readonly ok: false; readonly errors: readonly FieldError[] };

/** Column of the file, field of the API. */
const columns = {
  prefix: 'prefix',
  mcc: 'mcc',
  mnc: 'mnc',
  credits: 'credits',
  valid_from: 'validFrom',
  valid_until: 'validUntil',
} as const;
type Column = keyof typeof columns;

/** As `validate` says of fields: whoever sends a file of faults gets no answer as long as it. */
const errorsMax = 100;

/** 200,000 lines took 1.3 s to read, which nothing else can be done in, and 7 s to write, of the 10 s that a change may take (two busy cores). */
export const linesMax = 100_000;

/**
 * The prices of a CSV (RFC 4180) whose first line names its columns, in any order. None of their values has a comma, a quotation mark or a line
 * break in it, so none has any here. A line without credits takes the prices of its prefix or network away.
 */
export function readPriceCsv(csv: string): ReadPrices {
  const [header = '', ...rows] = csv.replace(/^\ufeff/, '').split(/\r?\n/);
  if (rows.length > linesMax) return { ok: false, errors: [{ field: '/csv', message: `must have at most ${linesMax} lines` }] };
  const names = cellsOf(header);
  const headerFault = faultOfHeader(names);
  if (headerFault !== undefined) return { ok: false, errors: [{ field: '/csv/1', message: headerFault }] };

  const errors: FieldError[] = [];
  const lines: PriceLine[] = [];
  /** Of each price: its line in the file, counted from 1. */
  const lineOf: number[] = [];
  for (const [i, row] of rows.entries()) {
    if (row.trim() === '') continue;
    const line = i + 2;
    const read = readLine(names as readonly Column[], row);
    if ('faults' in read) errors.push(...read.faults.map(({ field, message }) => ({ field: `/csv/${line}${field}`, message })));
    else {
      lines.push(read);
      if (read.price) lineOf.push(line);
    }
    if (errors.length >= errorsMax) break;
  }
  if (errors.length === 0) {
    const overlapping = overlapsIn(lines.flatMap(({ price }) => (price ? [price] : [])));
    errors.push(...overlapping.map((at) => ({ field: `/csv/${lineOf[at]}`, message: 'has a price already' })));
  }
  if (errors.length > 0) return { ok: false, errors: errors.slice(0, errorsMax) };
  return lines.length > 0 ? { ok: true, lines } : { ok: false, errors: [{ field: '/csv', message: 'has no prices' }] };
}

function cellsOf(row: string): string[] {
  return row.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

function faultOfHeader(names: readonly string[]): string | undefined {
  const unknown = names.find((name) => !Object.hasOwn(columns, name));
  if (unknown !== undefined) return `must name columns: ${Object.keys(columns).join(', ')}`;
  if (new Set(names).size < names.length) return 'must name each column once';
  return names.includes('credits') && (names.includes('prefix') || names.includes('mcc'))
    ? undefined
    : 'must have credits, and prefix or mcc';
}

function readLine(names: readonly Column[], row: string): PriceLine | { readonly faults: readonly FieldError[] } {
  const cells = cellsOf(row);
  if (cells.length !== names.length) return { faults: [{ field: '', message: `must have ${names.length} cells` }] };
  const given = new Map(names.map((name, i) => [name, cells[i] as string]));
  // an empty prefix is every number, unless there is a network in its place
  const said = [...given].filter(([name, cell]) => cell !== '' || (name === 'prefix' && (given.get('mcc') ?? '') === ''));
  const gone = given.get('credits') === '';
  const fields = { ...Object.fromEntries(said.map(([name, cell]) => [columns[name], cell])), ...(gone ? { credits: '0' } : {}) };
  const checked = validate(priceGiven, fields, (path) => `/${path.map(String).join('/')}`);
  if (!checked.ok) return { faults: checked.errors };
  const { prefix = '', mcc = '', mnc = '' } = checked.value as PriceGiven;
  return { key: { prefix, mcc, mnc }, ...(gone ? {} : { price: priceOf(checked.value) }) };
}
