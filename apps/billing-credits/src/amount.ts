/** 10^16 micro-credits: a batch of a thousand such amounts still fits PostgreSQL's bigint (9.2 * 10^18). */
const digitsMax = 16;
export const amountPattern = new RegExp(`^[0-9]{1,${digitsMax}}$`);

/** An amount as it is written on the wire (JSON has no bigint), or undefined when it is none. */
export function readMicroCredits(text: unknown): bigint | undefined {
  return typeof text === 'string' && amountPattern.test(text) ? BigInt(text) : undefined;
}

/** One that may be below zero. */
export const signedPattern = new RegExp(`^-?[0-9]{1,${digitsMax}}$`);
