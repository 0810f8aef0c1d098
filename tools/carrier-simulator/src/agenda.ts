/** Things to do later, many of them: one timer for all, where a timeout each would cost more than what is done. */
export interface Agenda {
  /** Does it after `delayMs`, at most 10 ms late; in the order given where the delay is the same. */
  after(delayMs: number, task: () => void): void;
  readonly size: number;
  /** Drops everything. */
  clear(): void;
}

const tickMs = 10;

export function createAgenda(now: () => number = () => performance.now()): Agenda {
  const tasksByTick = new Map<number, (() => void)[]>();
  let size = 0;
  let doneTick = 0;
  let timer: NodeJS.Timeout | undefined;

  function run(): void {
    const nowTick = Math.floor(now() / tickMs);
    for (let tick = doneTick + 1; tick <= nowTick && size > 0; tick++) {
      doneTick = tick; // what a task adds is for a later tick
      const tasks = tasksByTick.get(tick);
      if (!tasks) continue;
      tasksByTick.delete(tick);
      size -= tasks.length;
      for (const task of tasks) task();
    }
    doneTick = nowTick;
    if (size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    after(delayMs, task) {
      const at = now();
      if (!timer) {
        doneTick = Math.floor(at / tickMs);
        timer = setInterval(run, tickMs);
      }
      const tick = Math.max(doneTick + 1, Math.ceil((at + delayMs) / tickMs));
      const tasks = tasksByTick.get(tick);
      if (tasks) tasks.push(task);
      else tasksByTick.set(tick, [task]);
      size++;
    },
    get size() {
      return size;
    },
    clear() {
      tasksByTick.clear();
      size = 0;
      clearInterval(timer);
      timer = undefined;
    },
  };
}
