import type { LedgerProof, ProvenTenant } from './ledger.ts';

export interface Verdict {
  readonly holds: boolean;
  /** What does not, in words; none when it holds. */
  readonly reasons: readonly string[];
}

/** The ledger is compared every minute: older than this, nobody compares it, or the streams or the history are away. */
const comparedMsMax = 5 * 60_000;

export function judge({ tenants, differences, comparedAt }: LedgerProof, nowMs: number): Verdict {
  const wrong = tenants.filter((tenant) => !holds(tenant)).length;
  const reasons = [
    ...(wrong > 0 ? [`the proof does not hold for ${counted(wrong, 'tenant')}`] : []),
    ...(differences.length > 0 ? [`${counted(differences.length, 'difference')} between ledger, streams and history`] : []),
    ...notCompared(comparedAt, nowMs),
  ];
  return { holds: reasons.length === 0, reasons };
}

function notCompared(comparedAt: string | null, nowMs: number): string[] {
  if (comparedAt === null) return ['not compared with streams and history since billing-credits started'];
  return nowMs - Date.parse(comparedAt) > comparedMsMax ? [`last compared with streams and history at ${comparedAt}`] : [];
}

/** The server's word, and the sum once more. */
export function holds({ funds, balance, leased, charged, refunded, holds: said }: ProvenTenant): boolean {
  const sum = microCredits(balance) + microCredits(leased) + microCredits(charged) - microCredits(refunded);
  return said && microCredits(funds) === sum;
}

/** Six places, always. */
function microCredits(credits: string): bigint {
  return BigInt(credits.replace('.', ''));
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
