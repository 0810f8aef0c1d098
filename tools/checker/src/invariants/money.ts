import { createFinding, type InvariantResult } from '../finding.ts';
import type { Balance, Difference, Usage } from '../platform.ts';
import type { Untold } from '../untold.ts';

/** One tenant's, as it is gathered. */
export interface Account {
  readonly tenant: string;
  readonly balance: Balance;
  readonly spent: Spent;
}

/** What a tenant's messages cost, added up. */
export interface Spent {
  messages: number;
  charged: bigint;
  refunded: bigint;
  /** Given back more than they cost. */
  readonly overRefunded: Usage[];
}

export function addUsage(spent: Spent, usage: readonly Usage[]): void {
  for (const one of usage) {
    spent.messages++;
    spent.charged += one.charged;
    spent.refunded += one.refunded;
    if (one.refunded > one.charged) spent.overRefunded.push(one);
  }
}

export interface MoneyFacts {
  readonly accounts: readonly Account[];
  readonly untold: readonly Untold[];
  /** Of the platform's own reconciler; undefined: not asked. */
  readonly differences: readonly Difference[] | undefined;
  /** Whether `spent` is of all messages there ever were, so that it must be what the ledger has. */
  readonly whole: boolean;
}

/** A message that was charged twice shows in the sums: the ledger has more charges than its messages cost. */
export function money({ accounts, untold, differences = [], whole }: MoneyFacts): InvariantResult {
  const finding = createFinding(4, 'money: funds = balance + leased + charged - refunded, each message charged and refunded once at most');
  const counts = {
    tenants: accounts.length,
    messages: 0,
    credits: 0,
    'credits refunded': 0,
    'refused and charged': 0,
    differences: differences.length,
  };
  let [charged, refunded] = [0n, 0n];
  for (const { tenant, balance, spent } of accounts) {
    counts.messages += spent.messages;
    charged += spent.charged;
    refunded += spent.refunded;
    const sum = balance.balance + balance.leased + balance.charged - balance.refunded;
    if (balance.funds !== sum)
      finding.violation({ kind: 'equation', tenant, detail: `funds are ${credits(balance.funds)}, the rest adds up to ${credits(sum)}` });
    for (const { id, charged: cost, refunded: back } of spent.overRefunded)
      finding.violation({ kind: 'refunded twice', tenant, id, detail: `cost ${credits(cost)}, given back ${credits(back)}` });
    // what was given back of a message is the ledger's own word: nothing more to compare where it is over
    if (!whole) continue;
    if (balance.charged !== spent.charged) finding.pending({ kind: 'charged', tenant, detail: beside(balance.charged, spent.charged) });
    if (balance.refunded !== spent.refunded)
      finding.pending({ kind: 'refunded', tenant, detail: beside(balance.refunded, spent.refunded) });
  }
  for (const { message, tenant, reason } of untold) {
    if (reason !== 'refused') continue;
    counts['refused and charged']++;
    finding.violation({ kind: 'refused and charged', tenant, id: message.id, detail: 'its tenant was told that it is not accepted' });
  }
  for (const { kind, tenant, subject, unit, expected, found } of differences)
    finding.pending({ kind: 'difference', tenant, detail: `${kind} of ${subject}: ${found} ${unit} where ${expected} is expected` });
  counts.credits = Number(charged) / microCreditsPerCredit;
  counts['credits refunded'] = Number(refunded) / microCreditsPerCredit;
  return finding.result(counts);
}

const microCreditsPerCredit = 1_000_000;

function beside(ledger: bigint, messages: bigint): string {
  const more = ledger - messages;
  return `the ledger has ${credits(ledger)}, the messages ${credits(messages)}: ${credits(more > 0n ? more : -more)} too ${more > 0n ? 'much' : 'little'}`;
}

/** With six places, as the API shows them. */
function credits(microCredits: bigint): string {
  const digits = String(microCredits < 0n ? -microCredits : microCredits).padStart(7, '0');
  return `${microCredits < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}
