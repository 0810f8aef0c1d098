/**
 * Group commit: what is asked for while a statement runs goes into the next one, together. An item waits for two statements at most, and
 * a thousand cost hardly more than one. What `run` rejects with, all of its items reject with,
 * and those that wait.
 */
export function createLane<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  itemsMax: number,
): (item: Item) => Promise<Result> {
  let waiting: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = [];
  let running = false;

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, itemsMax);
      waiting = waiting.slice(itemsMax);
      try {
        const results = await run(batch.map(({ item }) => item));
        for (const [i, { resolve }] of batch.entries()) resolve(results[i] as Result);
      } catch (error) {
        // what came meanwhile would wait for the same: with a server that is silent, the last of a thousand for minutes
        for (const { reject } of [...batch, ...waiting.splice(0)]) reject(error);
      }
    }
    running = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (running) return;
      running = true;
      // after the sockets that are readable now have been read
      setImmediate(() => void work());
    });
}
