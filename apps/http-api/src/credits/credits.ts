import { microCreditsPerCredit } from '@heliograph/message';

/** Credits as a decimal number with six places: `1500000n` is `1.500000`. JSON's numbers are floats, money is not. */
export function creditsText(microCredits: bigint): string {
  const amount = microCredits < 0n ? -microCredits : microCredits;
  const whole = amount / microCreditsPerCredit;
  const rest = String(amount % microCreditsPerCredit).padStart(6, '0');
  return `${microCredits < 0n ? '-' : ''}${whole}.${rest}`;
}
