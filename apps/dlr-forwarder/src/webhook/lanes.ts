import { MINUTE } from '../duration.ts';
import { failuresMax, spacingAfter, type Sign } from './circuit.ts';

/** Work waiting for one endpoint, and how much of it may run at once. */
interface Lane<Item> {
  readonly waiting: Item[];
  running: number;
  /** 1..perEndpoint: halved when the endpoint asks to slow down, one more after each success. */
  limit: number;
  /** Failing tries in a row. */
  failures: number;
  /** Between two starts. */
  spacingMs: number;
  startAtMs: number;
  usedAtMs: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Nothing starts: what was heard of the endpoint is being written down. */
  held: boolean;
}

export interface Lanes<Item> {
  /** Gives items to their endpoint, and starts what may start. Gives back what it does not take: the endpoint is held. `probe`: the first after a circuit was open. */
  add(endpoint: string, items: readonly Item[], probe?: boolean): Item[];
  /** An item of the endpoint is through. True: so many have failed in a row that its circuit should be open. */
  finished(endpoint: string, sign?: Sign): boolean;
  /** Starts nothing more there until it is released; gives what waits. */
  hold(endpoint: string): Item[];
  /** Goes on, one at a time at first. */
  release(endpoint: string): void;
  /** How many more items each known endpoint takes now; one not named takes `takesMax`. */
  room(): Map<string, number>;
  readonly takesMax: number;
  readonly running: number;
  readonly waiting: number;
  /** Forgets what waits; gives it. */
  clear(): Item[];
}

export interface LanesOptions<Item> {
  readonly perEndpoint: number;
  readonly start: (item: Item) => void;
  /** ms of a clock that no one sets. */
  readonly now?: () => number;
}

/** How long an endpoint that had trouble and gets nothing is remembered here: its circuit is in the database. */
const rememberedMs = 10 * MINUTE;

/** Shares out work by endpoint: each has its own bound and its own pace, so one dead endpoint holds up nobody but itself. */
export function createLanes<Item>({ perEndpoint, start, now = () => performance.now() }: LanesOptions<Item>): Lanes<Item> {
  const lanes = new Map<string, Lane<Item>>();
  let running = 0;
  let waiting = 0;

  function laneOf(endpoint: string): Lane<Item> {
    let lane = lanes.get(endpoint);
    if (!lane) {
      lane = {
        waiting: [],
        running: 0,
        limit: perEndpoint,
        failures: 0,
        spacingMs: 0,
        startAtMs: 0,
        usedAtMs: now(),
        timer: undefined,
        held: false,
      };
      lanes.set(endpoint, lane);
    }
    return lane;
  }

  function fill(lane: Lane<Item>): void {
    while (!lane.held && !lane.timer && lane.running < lane.limit && lane.waiting.length > 0) {
      const waitMs = lane.startAtMs - now();
      if (waitMs > 0) {
        lane.timer = setTimeout(() => {
          lane.timer = undefined;
          fill(lane);
        }, waitMs);
        return;
      }
      lane.startAtMs = now() + lane.spacingMs;
      lane.running++;
      running++;
      waiting--;
      start(lane.waiting.shift() as Item);
    }
  }

  function drop(lane: Lane<Item>): Item[] {
    clearTimeout(lane.timer);
    lane.timer = undefined;
    waiting -= lane.waiting.length;
    return lane.waiting.splice(0);
  }

  return {
    // as many wait as run, so that an endpoint is busy while more is fetched
    takesMax: 2 * perEndpoint,
    add(endpoint, items, probe = false) {
      const lane = laneOf(endpoint);
      if (lane.held) return [...items];
      if (probe) lane.limit = 1;
      lane.waiting.push(...items);
      waiting += items.length;
      fill(lane);
      return [];
    },
    finished(endpoint, sign) {
      const lane = laneOf(endpoint);
      lane.usedAtMs = now();
      lane.running--;
      running--;
      if (sign) {
        lane.failures = sign.health === 'failing' ? lane.failures + 1 : 0;
        lane.spacingMs = spacingAfter(lane.spacingMs, sign);
        if (lane.spacingMs > 0) lane.startAtMs = Math.max(lane.startAtMs, now() + lane.spacingMs);
        if (sign.slowDown) lane.limit = Math.max(1, Math.floor(lane.limit / 2));
        else if (sign.health === 'well') lane.limit = Math.min(perEndpoint, lane.limit + 1);
      }
      // those that run on while the lane is held say nothing new
      const failing = lane.failures >= failuresMax && !lane.held;
      if (!failing && sign?.pausedUntilMs === undefined) fill(lane);
      if (isIdle(lane) && lane.limit === perEndpoint && lane.failures === 0 && lane.spacingMs === 0) lanes.delete(endpoint);
      return failing;
    },
    hold(endpoint) {
      const lane = laneOf(endpoint);
      lane.held = true;
      return drop(lane);
    },
    release(endpoint) {
      const lane = laneOf(endpoint);
      lane.held = false;
      lane.limit = 1;
      // the circuit is open now: what is claimed there from now on is counted anew
      if (lane.failures >= failuresMax) lane.failures = 0;
      fill(lane);
    },
    room() {
      const room = new Map<string, number>();
      for (const [endpoint, lane] of lanes) {
        if (isIdle(lane) && now() - lane.usedAtMs > rememberedMs) lanes.delete(endpoint);
        else room.set(endpoint, lane.held ? 0 : Math.max(0, 2 * lane.limit - lane.running - lane.waiting.length));
      }
      return room;
    },
    get running() {
      return running;
    },
    get waiting() {
      return waiting;
    },
    clear() {
      return [...lanes.values()].flatMap(drop);
    },
  };
}

function isIdle({ running, waiting, held }: Lane<unknown>): boolean {
  return running === 0 && waiting.length === 0 && !held;
}
