import { postMany, type LoadResult } from './http-load.ts';
import { destinationOf, messagesMax } from './load/pdus.ts';
import type { Stack } from './stack.ts';

/** What one round of a benchmark sends. */
export interface Round {
  readonly requests: number;
  /** Of each request. */
  readonly recipients: number;
  readonly connections: number;
  /** Number of the first message, which its destination ends with. */
  readonly first?: number;
}

/** Submits over HTTP; rejects when not all of it was accepted. */
export async function submitRound({ ready }: Stack, { requests, recipients, connections, first = 0 }: Round): Promise<LoadResult> {
  const numbers = (n: number): string[] =>
    Array.from({ length: recipients }, (_, i) => destinationOf((first + n * recipients + i) % messagesMax));
  const result = await postMany({
    url: ready.http.url,
    path: '/v1/messages',
    connections,
    requests,
    headers: { Authorization: `Bearer ${ready.http.apiKey}` },
    body: (n) =>
      JSON.stringify({
        to: recipients === 1 ? numbers(n)[0] : numbers(n),
        text: 'Your order is on its way and will arrive tomorrow.',
      }),
  });
  if (result.statuses[202] !== requests) throw new Error(`not all were accepted: ${JSON.stringify(result.statuses)}`);
  return result;
}

/** Resolves when so many messages are delivered and so many credits charged, of the stack's whole life; rejects after five minutes, or when more was charged. */
export async function settled(stack: Stack, { delivered, credits }: { delivered: number; credits: number }): Promise<void> {
  const deadlineMs = Date.now() + 300_000;
  for (;;) {
    const { byState } = await stack.get<{ byState: Record<string, number> }>('/v1/stats');
    const { charged } = await stack.balance();
    if (byState['delivered'] === delivered && Number(charged) === credits) return;
    if (Date.now() > deadlineMs || Number(charged) > credits)
      throw new Error(`accepted ${delivered}, to be charged ${credits}, charged ${charged}, ${JSON.stringify(byState)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
