const seconds = 1_000;
const lookEveryMs = 100;

/** So long a fault lasts. */
export function pause(lengthS: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, lengthS * seconds));
}

/** Resolves when the load has so many accepted. */
export async function untilAccepted(accepted: () => number, count: number): Promise<void> {
  while (accepted() < count) await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
}
