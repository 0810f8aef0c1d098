/** What somebody has told so far, with waiting for what is not there yet; looked at whenever something comes. */
export interface Heard<Item> {
  readonly all: readonly Item[];
  hear(...items: readonly Item[]): void;
  /** Resolves with the items that fit when there are as many. */
  until(fits: (item: Item) => boolean, count?: number): Promise<Item[]>;
  /** Resolves when this is true of all. */
  when(is: (all: readonly Item[]) => boolean): Promise<void>;
}

export function createHeard<Item>(): Heard<Item> {
  const all: Item[] = [];
  const waiting = new Set<() => void>();
  const when: Heard<Item>['when'] = (is) =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!is(all)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return {
    all,
    when,
    hear(...items) {
      all.push(...items);
      for (const look of waiting) look();
    },
    async until(fits, count = 1) {
      await when(() => all.filter(fits).length >= count);
      return all.filter(fits);
    },
  };
}
