import { messageClasses, type MessageClass } from '@heliograph/message';

/** What waits for a free window, by class: a login code overtakes every campaign. Within a class, first come, first served. */
export interface Lanes<T> {
  add(lane: MessageClass, item: T): void;
  /** To the front: it had its turn and could not go. */
  putBack(lane: MessageClass, item: T): void;
  /** The next of the most urgent class. */
  take(): T | undefined;
  /** Takes out every one of which this is true. */
  takeIf(is: (item: T) => boolean): T[];
  readonly size: number;
}

type Lane<T> = { items: T[]; head: number };

export function createLanes<T>(): Lanes<T> {
  const lanes = new Map<MessageClass, Lane<T>>(messageClasses.map((name) => [name, { items: [], head: 0 }]));
  const inOrder = [...lanes.values()];
  let size = 0;

  return {
    add(lane, item) {
      size++;
      lanes.get(lane)?.items.push(item);
    },
    putBack(name, item) {
      size++;
      const lane = lanes.get(name) as Lane<T>;
      if (lane.head > 0) lane.items[--lane.head] = item;
      else lane.items.unshift(item);
    },
    take() {
      const lane = inOrder.find(({ items, head }) => head < items.length);
      if (!lane) return undefined;
      size--;
      const item = lane.items[lane.head++] as T;
      if (lane.head === lane.items.length) {
        lane.items = [];
        lane.head = 0;
      }
      return item;
    },
    takeIf(is) {
      const taken: T[] = [];
      for (const lane of inOrder) {
        const waiting = lane.items.slice(lane.head);
        lane.items = [];
        lane.head = 0;
        for (const item of waiting) (is(item) ? taken : lane.items).push(item);
      }
      size -= taken.length;
      return taken;
    },
    get size() {
      return size;
    },
  };
}
