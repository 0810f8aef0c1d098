import { messageClasses, type MessageClass } from '@heliograph/message';

/** What counts of what waits. */
export interface Waiting {
  readonly class: MessageClass;
  readonly tenant: string;
  readonly segments: number;
}

/**
 * What waits for a free window, by class: a login code overtakes every campaign. Within a class tenants take turns, of a segment each: what one
 * sends beyond its turn, as all segments of a message go together, it waits for in the next ones. Of one tenant, first come, first served.
 */
export interface Lanes<T> {
  add(item: T): void;
  /** To the front of its tenant's: it had its turn and could not go. */
  putBack(item: T): void;
  /** The next of the most urgent class. */
  take(): T | undefined;
  /** Takes out every one of which this is true. */
  takeIf(is: (item: T) => boolean): T[];
  /** Takes out those of which this is true, but for so many of them that come first. */
  takeBeyond(lane: MessageClass, tenant: string, keep: number, is: (item: T) => boolean): T[];
  readonly size: number;
}

interface Lane<T> {
  readonly tenants: Map<string, Line<T>>;
  /** In the order of their turns: those who wait, and those who owe segments still. */
  turns: Line<T>[];
  head: number;
  size: number;
}

/** What waits of one tenant. */
interface Line<T> {
  readonly tenant: string;
  items: T[];
  head: number;
  /** Segments it may send in this turn; 0 or below: its turn is over. */
  credit: number;
}

/** `of`: what counts of an item. */
export function createLanes<T>(of: (item: T) => Waiting): Lanes<T> {
  const emptyLane = (): Lane<T> => ({ tenants: new Map(), turns: [], head: 0, size: 0 });
  const lanes = new Map<MessageClass, Lane<T>>(messageClasses.map((name) => [name, emptyLane()]));
  const inOrder = [...lanes.values()];
  const laneOf = (name: MessageClass): Lane<T> => lanes.get(name) as Lane<T>;

  function lineOf(lane: Lane<T>, tenant: string): Line<T> {
    let line = lane.tenants.get(tenant);
    if (!line) {
      line = { tenant, items: [], head: 0, credit: 0 };
      lane.tenants.set(tenant, line);
      lane.turns.push(line);
    }
    return line;
  }

  /** Whose turn it is; the lane must have something that waits. */
  function next(lane: Lane<T>): Line<T> {
    for (;;) {
      const line = lane.turns[lane.head] as Line<T>;
      const waits = line.head < line.items.length;
      if (line.credit <= 0 && (lane.tenants.size > 1 || !waits)) line.credit++;
      else if (line.credit <= 0) line.credit = 1; // nobody to wait for
      if (waits && line.credit > 0) return line;
      advance(lane);
      if (waits || line.credit < 0) lane.turns.push(line);
      else lane.tenants.delete(line.tenant);
    }
  }

  function advance(lane: Lane<T>): void {
    lane.head++;
    if (lane.head < 64 || lane.head * 2 < lane.turns.length) return;
    lane.turns = lane.turns.slice(lane.head);
    lane.head = 0;
  }

  function takeOf(lane: Lane<T>): T {
    const line = next(lane);
    const item = line.items[line.head++] as T;
    if (line.head === line.items.length) {
      line.items = [];
      line.head = 0;
    }
    line.credit -= of(item).segments;
    // the next one's turn; this one stands behind all who wait now
    advance(lane);
    lane.turns.push(line);
    if (--lane.size === 0) reset(lane);
    return item;
  }

  /** Nobody waits: what is owed is owed to nobody. */
  function reset(lane: Lane<T>): void {
    lane.tenants.clear();
    lane.turns = [];
    lane.head = 0;
    lane.size = 0;
  }

  function filter(lane: Lane<T>, line: Line<T>, goes: (item: T) => boolean, into: T[]): void {
    const waiting = line.items.slice(line.head);
    line.items = [];
    line.head = 0;
    for (const item of waiting) (goes(item) ? into : line.items).push(item);
    lane.size -= waiting.length - line.items.length;
  }

  return {
    add(item) {
      const { class: name, tenant } = of(item);
      const lane = laneOf(name);
      lane.size++;
      lineOf(lane, tenant).items.push(item);
    },
    putBack(item) {
      const { class: name, tenant, segments } = of(item);
      const lane = laneOf(name);
      const line = lineOf(lane, tenant);
      lane.size++;
      line.credit = Math.min(1, line.credit + segments);
      if (line.head > 0) line.items[--line.head] = item;
      else line.items.unshift(item);
    },
    take() {
      const lane = inOrder.find(({ size }) => size > 0);
      return lane && takeOf(lane);
    },
    takeIf(is) {
      const taken: T[] = [];
      for (const lane of inOrder) {
        if (lane.size === 0) continue;
        for (const line of lane.tenants.values()) filter(lane, line, is, taken);
        if (lane.size === 0) reset(lane);
      }
      return taken;
    },
    takeBeyond(name, tenant, keep, is) {
      const taken: T[] = [];
      const lane = laneOf(name);
      const line = lane.tenants.get(tenant);
      let kept = 0;
      if (line) filter(lane, line, (item) => is(item) && ++kept > keep, taken);
      if (lane.size === 0) reset(lane);
      return taken;
    },
    get size() {
      return inOrder.reduce((sum, lane) => sum + lane.size, 0);
    },
  };
}
