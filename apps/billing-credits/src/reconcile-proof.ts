import { proofTenantsMax } from '@heliograph/message';
import type { BillingDatabase } from './database.ts';
import { createPace } from './pace.ts';
import { readProof, type Comparison } from './reconcile-book.ts';
import type { Look } from './reconcile-look.ts';

/** Something of the proof that no account shows: then nothing is known but that it does not hold. */
const somewhere = 'proof';

/** The proof of tenant after tenant, as many as there is time for, and from the first again. */
export function createLookAtProof(): Look {
  const pace = createPace({ min: 1, max: proofTenantsMax });
  let after = '';

  return async ({ database, book, note, goesOn }, nowMs) => {
    const again = [...new Set((await book.open('proof')).map(({ tenant }) => tenant))];
    await note('proof', await compareAccounts(database, again), nowMs);
    const from = after;
    let wrapped = false;
    do {
      const size = pace.size;
      const accounts = await database.account.findMany({
        where: { tenant: { gt: after } },
        orderBy: { tenant: 'asc' },
        take: size,
        select: { tenant: true },
      });
      const tenants = accounts.map(({ tenant }) => tenant);
      const beganMs = performance.now();
      const wrong = (await readProof(database, tenants)).filter(({ holds }) => !holds).map(({ tenant }) => tenant);
      pace.took(performance.now() - beganMs);
      await note('proof', await compareAccounts(database, wrong), nowMs);
      after = tenants.length === size ? (tenants.at(-1) ?? '') : '';
      wrapped ||= after === '';
    } while (goesOn() && !(wrapped && after >= from));
    return wrapped && after >= from;
  };
}

interface AccountRow {
  readonly tenant: string;
  readonly account: string;
  readonly entered: bigint;
  readonly kept: bigint;
}

/** Account by account, in one statement and so of one moment. */
async function compareAccounts(database: BillingDatabase, tenants: readonly string[]): Promise<Comparison[]> {
  const compared: Comparison[] = [];
  for (const tenant of tenants) {
    const rows = await database.$queryRaw<AccountRow[]>`
      WITH leg AS (
        SELECT l.account, sum(l.amount)::bigint AS amount
          FROM billing.entry x CROSS JOIN LATERAL (VALUES (x.debit, -x.micro_credits), (x.credit, x.micro_credits)) AS l(account, amount)
         WHERE x.tenant = ${tenant} GROUP BY l.account
      ), kept AS (
        SELECT k.* FROM billing.account a CROSS JOIN LATERAL (VALUES
          ('funds', 'funding', -1, a.funds), ('balance', 'balance', 1, a.balance), ('leased', 'leased', 1, a.leased),
          ('charged', 'charged', 1, a.charged), ('refunded', 'refunded', -1, a.refunded)
        ) AS k(account, leg, sign, amount) WHERE a.tenant = ${tenant}
      )
      SELECT k.account, (k.sign * coalesce(leg.amount, 0))::bigint AS entered, k.amount AS kept FROM kept k LEFT JOIN leg ON leg.account = k.leg
      UNION ALL
      SELECT 'leases', (SELECT coalesce(sum(held), 0)::bigint FROM billing.lease WHERE tenant = ${tenant}), amount FROM kept WHERE account = 'leased'
      UNION ALL
      SELECT 'refunds', (SELECT coalesce(sum(micro_credits), 0)::bigint FROM billing.refund WHERE tenant = ${tenant}), amount
        FROM kept WHERE account = 'refunded'
      UNION ALL
      SELECT ${somewhere}, 1, holds::int FROM billing.proof WHERE tenant = ${tenant}`;
    const shown = rows.some(({ account, entered, kept }) => account !== somewhere && entered !== kept);
    for (const { account, entered, kept } of rows) {
      const differs = entered !== kept && !(account === somewhere && shown);
      compared.push({ tenant, subject: account, expected: entered, found: kept, verdict: differs ? 'differs' : 'agrees' });
    }
  }
  return compared;
}
