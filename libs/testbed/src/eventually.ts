const lookEveryMs = 20;

/**
 * Looks until the value is there: for what another process does and nobody announces. Rejects after `withinMs`, saying what it saw last.
 */
export async function eventually<Value>(
  what: string,
  look: () => Promise<Value | undefined | false> | Value | undefined | false,
  withinMs = 20_000,
): Promise<Value> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value !== undefined && value !== false) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms; last seen: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
