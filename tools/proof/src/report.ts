import { holds, type Verdict } from './judge.ts';
import type { LedgerProof } from './ledger.ts';

/** For people: a line a tenant, a line a difference, and what comes of it. */
export function reportText({ tenants, differences, comparedAt }: LedgerProof, verdict: Verdict): string {
  const amounts = ['funds', 'balance', 'leased', 'charged', 'refunded'] as const;
  const proof = [
    ['tenant', ...amounts, 'holds'],
    ...tenants.map((one) => [one.tenant, ...amounts.map((amount) => one[amount]), holds(one) ? 'yes' : 'NO']),
  ];
  const found = [
    ['difference', 'tenant', 'of', 'expected', 'found', '', 'since', 'such as'],
    ...differences.map(({ kind, tenant, subject, expected, found: is, unit, foundAt, samples }) => [
      kind,
      tenant || '-',
      subject,
      expected,
      is,
      unit,
      foundAt,
      samples[0] ?? '',
    ]),
  ];
  return [
    columns(proof, new Set([1, 2, 3, 4, 5])),
    ...(differences.length > 0 ? [columns(found, new Set([3, 4]))] : []),
    verdict.holds ? `All of it holds; compared at ${comparedAt}.\n` : `Not proven: ${verdict.reasons.join('; ')}.\n`,
  ].join('\n');
}

export function reportJson(proof: LedgerProof, verdict: Verdict): string {
  return `${JSON.stringify({ ...verdict, ...proof }, undefined, 2)}\n`;
}

function columns(rows: readonly (readonly string[])[], rightAligned: ReadonlySet<number>): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  const cell = (text: string, i: number) => (rightAligned.has(i) ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0));
  return rows.map((row) => `${row.map(cell).join('  ').trimEnd()}\n`).join('');
}
