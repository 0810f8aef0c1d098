import { isReportNews, type InboundDelivered, type ReportDelivered, type ReportExhausted } from '@heliograph/message';
import type { Log } from '@heliograph/queue';
import { counter, type SharedClock } from '@heliograph/service';
import { probeDelayMs, signOf } from './circuit.ts';
import type { CircuitNews, WebhookCircuits } from './circuits.ts';
import { createLanes } from './lanes.ts';
import type { Attempt, ClaimedWebhook, TriedWebhook, WebhookOutbox } from './outbox.ts';
import { postTimeoutMs, type Poster } from './post.ts';
import { afterTry, type Answer, type NextStep } from './retry.ts';
import { signedPosting } from './sign.ts';

const tries = counter('heliograph_dlr_forwarder_webhook_tries_total', 'webhooks posted, by what came of it');
const triesBy: Record<NextStep['kind'], { add(): void }> = {
  delivered: tries.with({ outcome: 'delivered' }),
  retry: tries.with({ outcome: 'retry' }),
  exhausted: tries.with({ outcome: 'exhausted' }),
  gone: tries.with({ outcome: 'gone' }),
};
const circuitsTold = counter('heliograph_dlr_forwarder_webhook_circuits_total', 'news of webhook endpoints, by kind');

/** What the loop may know of an endpoint when it posts. */
export interface Endpoints {
  /** Opened secrets that sign for the tenant now, the newest first; empty when it has none. */
  secretsOf(tenant: string): readonly string[];
  /** The endpoint answered 410, or the tenant's webhook is switched off: nothing more is posted there. */
  closed(tenant: string, url: string): 'gone' | 'disabled' | undefined;
  markGone(tenant: string, url: string): Promise<void>;
}

/** What came of it, for the history. */
export type Told = ReportDelivered | ReportExhausted | InboundDelivered;

export interface WebhookLoopOptions {
  readonly outbox: WebhookOutbox;
  readonly circuits: WebhookCircuits;
  readonly poster: Poster;
  readonly clock: Pick<SharedClock, 'now'>;
  readonly endpoints: Endpoints;
  readonly publish: (event: Told) => Promise<void>;
  readonly log: Log;
  readonly perEndpoint: number;
  readonly pollMs: number;
  readonly delaysMs: readonly number[];
  readonly probeDelaysMs: readonly number[];
}

export interface WebhookLoop {
  /** Something is due: look now. */
  wake(): void;
  readonly running: number;
  /** The last look into the database went well. */
  readonly healthy: boolean;
  stop(graceMs: number): Promise<void>;
}

/** A row is this process's for so long: waiting behind others of its endpoint, one whole try, and writing down what came of it. */
const leaseMs = 90_000;
/** A try that could outlast its lease is not begun: another process might be posting the same by then. */
const leaseNeededMs = postTimeoutMs + 15_000;

/**
 * Posts what the outbox says is due. Woken when something is put there; it looks by itself every `pollMs` as well, for tries that have
 * become due again, for probes of endpoints whose circuit is open, and for what a dead process left behind.
 */
export function startWebhookLoop(options: WebhookLoopOptions): WebhookLoop {
  const { outbox, circuits, poster, clock, endpoints, publish, log, perEndpoint, pollMs, delaysMs, probeDelaysMs } = options;
  const lanes = createLanes<ClaimedWebhook>({ perEndpoint, start: (webhook) => void tryOnce(webhook) });
  let tried: TriedWebhook[] = [];
  let news: [endpoint: string, CircuitNews][] = [];
  const held = new Set<string>();
  let settling: Promise<void> | undefined;
  let looking: Promise<void> | undefined;
  let lookAgain = false;
  let healthy = true;
  let stopped = false;
  const poll = setInterval(wake, pollMs);

  function wake(): void {
    if (stopped) return;
    if (looking) lookAgain = true;
    else looking = look().finally(() => (looking = undefined));
  }

  async function look(): Promise<void> {
    do {
      lookAgain = false;
      try {
        const claimed = await outbox.claim({ nowMs: clock.now(), leaseMs, perEndpoint: lanes.takesMax, room: lanes.room() });
        healthy = true;
        for (const [endpoint, webhooks] of Map.groupBy(claimed, ({ endpoint }) => endpoint)) {
          const probing = webhooks.some(({ probe }) => probe !== undefined);
          giveBack(lanes.add(endpoint, webhooks, probing));
        }
      } catch (error) {
        healthy = false;
        log.warn({ err: error }, 'cannot look for webhooks, trying again');
        return;
      }
    } while (lookAgain && !stopped);
  }

  async function tryOnce(webhook: ClaimedWebhook): Promise<void> {
    const closed = endpoints.closed(webhook.tenant, webhook.url);
    const late = webhook.leaseUntil.getTime() - clock.now() < leaseNeededMs;
    if (closed || late) {
      leaveProbe(webhook);
      settleSoon(closed ? untried(webhook, closed, undefined) : untried(webhook, 'pending', clock.now()));
      lanes.finished(webhook.endpoint);
      return;
    }
    const atMs = clock.now();
    const startedMs = performance.now();
    const answer = await post(webhook);
    const latencyMs = Math.round(performance.now() - startedMs);
    const nowMs = clock.now();
    const { attempts, replayedAfter } = webhook;
    const step = afterTry({ attempt: attempts - replayedAfter + 1, answer, nowMs, random: Math.random(), delaysMs });
    triesBy[step.kind].add();
    log.debug({ messageId: webhook.messageId, attempt: attempts + 1, step: step.kind, answer }, 'webhook');
    if (step.kind === 'gone') await endpoints.markGone(webhook.tenant, webhook.url);
    settleSoon(outcomeOf(webhook, attemptOf(answer, atMs, latencyMs), step));
    hear(webhook, answer, nowMs);
  }

  async function post({ id, tenant, url, body }: ClaimedWebhook): Promise<Answer> {
    const secrets = endpoints.secretsOf(tenant);
    if (secrets.length === 0) return { kind: 'failed', reason: 'no secret to sign with' };
    // the receiver compares it with the time of day
    return poster.post(signedPosting({ id, url, body, secrets, nowMs: Date.now() }));
  }

  /** What the answer says of the endpoint. While that is written down nothing more is begun there, and what waits goes back uncounted. */
  function hear(webhook: ClaimedWebhook, answer: Answer, nowMs: number): void {
    const { endpoint, probe } = webhook;
    const sign = signOf(answer, nowMs);
    const failing = lanes.finished(endpoint, sign);
    const heard: CircuitNews[] = [];
    if (probe !== undefined) {
      const probeAtMs = nowMs + probeDelayMs(probe + 1, probeDelaysMs);
      heard.push(
        sign.health === 'failing' ? { kind: 'probe_failed', probeAtMs, error: wordFor(answer) } : { kind: 'recovered', atMs: nowMs },
      );
    } else if (failing) {
      heard.push({ kind: 'opened', atMs: nowMs, probeAtMs: nowMs + probeDelayMs(0, probeDelaysMs), error: wordFor(answer) });
    }
    if (sign.pausedUntilMs !== undefined) heard.push({ kind: 'paused', untilMs: sign.pausedUntilMs });
    for (const one of heard) {
      if (one.kind !== 'recovered') hold(endpoint);
      tell(endpoint, one);
    }
  }

  function hold(endpoint: string): void {
    held.add(endpoint);
    giveBack(lanes.hold(endpoint));
  }

  function releaseWhatIsToldOf(): void {
    for (const endpoint of held) {
      if (news.some(([one]) => one === endpoint)) continue;
      held.delete(endpoint);
      lanes.release(endpoint);
    }
  }

  function tell(endpoint: string, one: CircuitNews): void {
    news.push([endpoint, one]);
    circuitsTold.add(1, { kind: one.kind });
    if (one.kind === 'opened') log.warn({ endpoint, error: one.error }, 'webhook endpoint fails, its reports wait');
    if (one.kind === 'recovered') log.info({ endpoint }, 'webhook endpoint is well again');
    settleSoon();
  }

  function leaveProbe({ endpoint, probe }: ClaimedWebhook): void {
    if (probe !== undefined) tell(endpoint, { kind: 'probe_left', probeAtMs: clock.now() });
  }

  function giveBack(webhooks: readonly ClaimedWebhook[]): void {
    for (const webhook of webhooks) {
      leaveProbe(webhook);
      settleSoon(untried(webhook, 'pending', clock.now()));
    }
  }

  function settleSoon(...results: TriedWebhook[]): void {
    tried.push(...results);
    settling ??= new Promise<void>((resolve) => setImmediate(resolve)).then(settleAll).finally(() => (settling = undefined));
  }

  /** What finished while the statement before was under way goes with the next. */
  async function settleAll(): Promise<void> {
    while (tried.length > 0 || news.length > 0) {
      const batch = tried;
      const told = news;
      tried = [];
      news = [];
      try {
        // the circuit first: what is due again by then must find it
        for (const [endpoint, one] of told) await circuits.tell(endpoint, one);
        // told before it is written down: a crash in between posts again and tells again
        await Promise.all(batch.flatMap(eventsOf).map(publish));
        await outbox.settle(batch);
      } catch (error) {
        log.warn({ webhooks: batch.length, err: error }, 'results of webhooks not stored, they will be posted again');
      }
      releaseWhatIsToldOf();
      wake();
    }
  }

  return {
    wake,
    get running() {
      return lanes.running;
    },
    get healthy() {
      return healthy;
    },
    async stop(graceMs) {
      stopped = true;
      clearInterval(poll);
      await looking;
      const deadline = performance.now() + graceMs;
      giveBack(lanes.clear());
      while ((lanes.running > 0 || settling) && performance.now() < deadline)
        await (settling ?? new Promise((resolve) => setTimeout(resolve, 20)));
      poster.close();
    },
  };
}

/** Written back without a try: closed for good, or due for another process at once. */
function untried(webhook: ClaimedWebhook, result: TriedWebhook['result'], nextAtMs: number | undefined): TriedWebhook {
  return { webhook, attempt: undefined, nextAtMs, result };
}

function attemptOf(answer: Answer, atMs: number, latencyMs: number): Attempt {
  if (answer.kind === 'failed') return { atMs, latencyMs, status: undefined, error: answer.reason, bodySha256: '' };
  return { atMs, latencyMs, status: answer.status, error: '', bodySha256: answer.bodySha256 };
}

function outcomeOf(webhook: ClaimedWebhook, attempt: Attempt, step: NextStep): TriedWebhook {
  return {
    webhook,
    attempt,
    nextAtMs: step.kind === 'retry' ? step.atMs : undefined,
    result: step.kind === 'retry' ? 'pending' : step.kind,
  };
}

/** The answer as people are told of it. */
export function wordFor(answer: Answer): string {
  return answer.kind === 'failed' ? answer.reason : `HTTP ${answer.status}`;
}

function eventsOf({ webhook, result }: TriedWebhook): Told[] {
  const { messageId, tenant, state, attempts } = webhook;
  const at = Date.now();
  if (state === 'message.received' && result === 'delivered')
    return [{ type: 'inbound.delivered', at, inboundId: messageId, tenant, via: 'webhook', attempt: attempts + 1 }];
  // a notice is of no message: nobody keeps what became of it but the outbox, as of an inbound message that could not be posted
  if (!isReportNews(state)) return [];
  const base = { at, messageId, tenant, via: 'webhook', state } as const;
  if (result === 'delivered') return [{ ...base, type: 'report.delivered', attempt: attempts + 1 }];
  return result === 'exhausted' ? [{ ...base, type: 'report.exhausted', attempts: attempts + 1 }] : [];
}
