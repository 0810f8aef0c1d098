/** Work waiting for one host, and how much of it may run at once. */
interface Lane<Item> {
  readonly waiting: Item[];
  running: number;
  /** 1..max: halved when the host asks to slow down, one more after each success. */
  limit: number;
}

export interface Hosts<Item> {
  /** Gives items to their hosts, and starts what may start. */
  add(host: string, items: readonly Item[]): void;
  /** An item of the host is through. */
  finished(host: string, how: 'well' | 'badly' | 'slow_down'): void;
  /** How many more items each known host takes now; a host not named takes `takesMax`. */
  room(): Map<string, number>;
  /** Something is wanted from the database: a host with work behind it runs low. */
  readonly takesMax: number;
  readonly running: number;
  readonly waiting: number;
  /** Forgets what waits; gives it. */
  clear(): Item[];
}

/** Shares out work by host: each has its own bound, so one dead endpoint holds up nobody but itself. */
export function createHosts<Item>({ perHost, start }: { perHost: number; start: (item: Item) => void }): Hosts<Item> {
  const lanes = new Map<string, Lane<Item>>();
  let running = 0;
  let waiting = 0;

  function laneOf(host: string): Lane<Item> {
    let lane = lanes.get(host);
    if (!lane) lanes.set(host, (lane = { waiting: [], running: 0, limit: perHost }));
    return lane;
  }

  function fill(lane: Lane<Item>): void {
    while (lane.running < lane.limit && lane.waiting.length > 0) {
      lane.running++;
      running++;
      waiting--;
      start(lane.waiting.shift() as Item);
    }
  }

  return {
    // as many wait as run, so that a host is busy while more is fetched
    takesMax: 2 * perHost,
    add(host, items) {
      const lane = laneOf(host);
      for (const item of items) lane.waiting.push(item);
      waiting += items.length;
      fill(lane);
    },
    finished(host, how) {
      const lane = laneOf(host);
      lane.running--;
      running--;
      if (how === 'well') lane.limit = Math.min(perHost, lane.limit + 1);
      if (how === 'slow_down') lane.limit = Math.max(1, Math.floor(lane.limit / 2));
      fill(lane);
      if (lane.running === 0 && lane.limit === perHost) lanes.delete(host);
    },
    room() {
      const room = new Map<string, number>();
      for (const [host, lane] of lanes) room.set(host, Math.max(0, 2 * lane.limit - lane.running - lane.waiting.length));
      return room;
    },
    get running() {
      return running;
    },
    get waiting() {
      return waiting;
    },
    clear() {
      const items = [...lanes.values()].flatMap((lane) => lane.waiting.splice(0));
      waiting = 0;
      return items;
    },
  };
}
