import { contentOf } from '@heliograph/checker';
import { eventually } from '@heliograph/testbed';
import type { Stack } from './stack.ts';
import type { Witness } from './stubborn-client.ts';

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

/** As whom it calls: a stack calls as its demo tenant. */
export type HttpCaller = Pick<Stack, 'get' | 'post'>;

/** A client of the API as a careful tenant writes one: what was not answered, or answered 503, is posted again. */
export function createStubbornHttpClient(stack: HttpCaller, witness?: Witness): StubbornSubmitter {
  const done = new Set<string>();
  let resubmitted = 0;
  let refs = 0;
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
    const told = witness && tellingOf(witness, `${++refs}`, contentOf(to, text));
    let response: Response;
    let body: string;
    try {
      response = await stack.post('/v1/messages', { to, text });
      body = await response.text();
    } catch (error) {
      told?.({ kind: 'failed', error: error as Error });
      resubmitted++;
      return undefined;
    }
    if (response.status === 202) {
      const { id } = JSON.parse(body) as { id: string };
      told?.({ kind: 'accepted', id });
      return id;
    }
    told?.({ kind: 'refused', reason: `${response.status} ${/"\/problems\/(\w+)"/.exec(body)?.[1] ?? ''}`.trim() });
    if (response.status !== 503) throw new Error(`${response.status} ${body}`);
    resubmitted++;
    return undefined;
  }

  return {
    get resubmitted() {
      return resubmitted;
    },
    submit: (to, text) => withTurn(() => eventually('accepted', () => post(to, text), 180_000)),
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

type HttpOutcome =
  | { readonly kind: 'accepted'; readonly id: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: Error };

/** Notes that it is asked, and gives what notes the answer. */
function tellingOf({ journal, tenant }: Witness, ref: string, content: string): (outcome: HttpOutcome) => void {
  journal.write({ kind: 'asked', tenant, ref, content, door: 'http', reportWanted: true });
  return (outcome) => {
    if (outcome.kind === 'accepted') return journal.write({ kind: 'accepted', tenant, ref, id: outcome.id });
    if (outcome.kind === 'refused') return journal.write({ kind: 'refused', tenant, ref, reason: outcome.reason });
    const reason = codeOf(outcome.error);
    // no connection: nobody can have accepted it
    journal.write({ kind: reason === 'ECONNREFUSED' ? 'refused' : 'unanswered', tenant, ref, reason });
  };
}

function codeOf(error: Error): string {
  return ((error.cause ?? error) as NodeJS.ErrnoException).code ?? error.message;
}
