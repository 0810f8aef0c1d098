import { leaseSubjects, type LeaseAnswer, type LeaseQuestion } from '@heliograph/message';
import type { Asking } from '@heliograph/queue';

/** Stands in for billing-credits where an ingress is tested alone: grants from `funds`, never takes back. */
export function startBank(asking: Asking, funds: bigint): { readonly left: bigint } {
  const bank = { left: funds };
  let leases = 0;
  asking.answer<LeaseQuestion>(leaseSubjects.grant, 'bank', ({ needMicroCredits, wantMicroCredits }): LeaseAnswer => {
    const amount = BigInt(wantMicroCredits) <= bank.left ? BigInt(wantMicroCredits) : BigInt(needMicroCredits);
    if (amount > bank.left) return { kind: 'no_credit' };
    bank.left -= amount;
    return { kind: 'granted', lease: `lease-${++leases}`, microCredits: String(amount), expiresAtMs: Date.now() + 60_000, forMs: 60_000 };
  });
  asking.answer(leaseSubjects.giveBack, 'bank', () => ({}));
  return bank;
}
