import { eventually } from '@heliograph/testbed';
import type { Stack } from './stack.ts';

/** Somebody who submits until it is accepted: what was not answered is submitted again. */
export interface StubbornSubmitter {
  /** Resolves with the message id. */
  submit(to: string, text: string): Promise<string>;
  /** Submissions that had to be made again: other messages to the platform. */
  readonly resubmitted: number;
  /** Whether every one of these is delivered, by what the platform says. */
  delivered(ids: readonly string[]): Promise<boolean>;
}

/** Requests at once: as many connections as a busy application keeps. */
const requestsMax = 50;

/** A client of the API as a careful tenant writes one: what was not answered, or answered 503, is posted again. */
export function createStubbornHttpClient(stack: Stack): StubbornSubmitter {
  const done = new Set<string>();
  let resubmitted = 0;
  let running = 0;
  const waiting: (() => void)[] = [];

  async function withTurn<T>(request: () => Promise<T>): Promise<T> {
    if (running >= requestsMax) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await request();
    } finally {
      running--;
      waiting.shift()?.();
    }
  }

  async function post(to: string, text: string): Promise<string | undefined> {
    const response = await stack.post('/v1/messages', { to, text }).catch(() => undefined);
    if (response?.status === 202) return ((await response.json()) as { id: string }).id;
    if (response !== undefined && response.status !== 503) throw new Error(`${response.status} ${await response.text()}`);
    resubmitted++;
    return undefined;
  }

  return {
    get resubmitted() {
      return resubmitted;
    },
    submit: (to, text) => withTurn(() => eventually('accepted', () => post(to, text), 60_000)),
    async delivered(ids) {
      const open = ids.filter((id) => !done.has(id));
      await Promise.all(
        open.map((id) =>
          withTurn(async () => {
            const { state } = await stack.get<{ state: string }>(`/v1/messages/${id}`);
            if (state === 'delivered') done.add(id);
          }),
        ),
      );
      return open.every((id) => done.has(id));
    },
  };
}
