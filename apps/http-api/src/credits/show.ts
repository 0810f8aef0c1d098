import type { BalanceAnswer } from '@heliograph/message';
import type { z } from 'zod';
import { creditsText } from './credits.ts';
import type { balance } from './schema.ts';

/** Credit that is leased is the tenant's to spend as well, so what it can spend falls by exactly the price of a message. */
export function showBalance(answer: BalanceAnswer): z.infer<typeof balance> {
  const inAccount = BigInt(answer.balanceMicroCredits);
  const leased = BigInt(answer.leasedMicroCredits);
  return {
    credits: creditsText(inAccount + leased),
    balance: creditsText(inAccount),
    leased: creditsText(leased),
    charged: creditsText(BigInt(answer.chargedMicroCredits)),
    refunded: creditsText(BigInt(answer.refundedMicroCredits)),
    funds: creditsText(BigInt(answer.fundsMicroCredits)),
    limit: creditsText(BigInt(answer.limitMicroCredits)),
    overdrawn: creditsText(BigInt(answer.overdrawnMicroCredits)),
  };
}
