import type { ReportDelivered } from '@heliograph/message';
import type { Log } from '@heliograph/queue';
import { counter } from '@heliograph/service';
import { signWebhook } from '@heliograph/credential';
import { createHosts } from './webhook-hosts.ts';
import type { ClaimedWebhook, TriedWebhook, WebhookOutbox } from './webhook-outbox.ts';
import { postTimeoutMs, type Poster } from './webhook-post.ts';
import { afterTry, type Answer, type NextStep } from './webhook-retry.ts';

const tries = counter('heliograph_dlr_forwarder_webhook_tries_total', 'webhooks posted, by what came of it');
const triesBy: Record<NextStep['kind'], { add(): void }> = {
  delivered: tries.with({ outcome: 'delivered' }),
  retry: tries.with({ outcome: 'retry' }),
  exhausted: tries.with({ outcome: 'exhausted' }),
  gone: tries.with({ outcome: 'gone' }),
};

/** What the loop may know of an endpoint when it posts. */
export interface Endpoints {
  /** Opened secrets of the tenant, the newest first; empty when it has none. */
  secretsOf(tenant: string): readonly string[];
  /** The endpoint answered 410, or the tenant's webhook is switched off: nothing more is posted there. */
  closed(tenant: string, url: string): 'gone' | 'disabled' | undefined;
  markGone(tenant: string, url: string): Promise<void>;
}

export interface WebhookLoopOptions {
  readonly outbox: WebhookOutbox;
  readonly poster: Poster;
  readonly endpoints: Endpoints;
  readonly publish: (event: ReportDelivered) => Promise<void>;
  readonly log: Log;
  readonly perHost: number;
  readonly pollMs: number;
  readonly delaysMs: readonly number[];
}

export interface WebhookLoop {
  /** Something is due: look now. */
  wake(): void;
  readonly running: number;
  /** The last look into the database went well. */
  readonly healthy: boolean;
  stop(graceMs: number): Promise<void>;
}

/** A row is this process's for so long: waiting behind others of its host, one whole try, and writing down what came of it. */
const leaseMs = 90_000;
/** A try that could outlast its lease is not begun: another process might be posting the same by then. */
const leaseNeededMs = postTimeoutMs + 15_000;

/**
 * Posts what the outbox says is due. Woken when something is put there; it looks by itself every `pollMs` as well, for tries that have
 * become due again and for what a dead process left behind.
 */
export function startWebhookLoop({ outbox, poster, endpoints, publish, log, perHost, pollMs, delaysMs }: WebhookLoopOptions): WebhookLoop {
  const hosts = createHosts<ClaimedWebhook>({ perHost, start: (webhook) => void tryOnce(webhook) });
  let tried: TriedWebhook[] = [];
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
        const claimed = await outbox.claim({ nowMs: Date.now(), leaseMs, perHost: hosts.takesMax, room: hosts.room() });
        healthy = true;
        for (const [host, webhooks] of Map.groupBy(claimed, ({ host }) => host)) hosts.add(host, webhooks);
      } catch (error) {
        healthy = false;
        log.warn({ err: error }, 'cannot look for webhooks, trying again');
        return;
      }
    } while (lookAgain && !stopped);
  }

  async function tryOnce(webhook: ClaimedWebhook): Promise<void> {
    const closed = endpoints.closed(webhook.tenant, webhook.url);
    if (closed) return finish(webhook, 'badly', untried(webhook, closed, undefined));
    if (webhook.leaseUntil.getTime() - Date.now() < leaseNeededMs) return hosts.finished(webhook.host, 'badly');
    const answer = await post(webhook);
    const nowMs = Date.now();
    const step = afterTry({ attempt: webhook.attempts + 1, answer, nowMs, random: Math.random(), delaysMs });
    triesBy[step.kind].add();
    log.debug({ messageId: webhook.messageId, attempt: webhook.attempts + 1, step: step.kind, answer }, 'webhook');
    if (step.kind === 'gone') await endpoints.markGone(webhook.tenant, webhook.url);
    finish(webhook, manner(step), outcomeOf(webhook, answer, step));
  }

  async function post(webhook: ClaimedWebhook): Promise<Answer> {
    const secrets = endpoints.secretsOf(webhook.tenant);
    if (secrets.length === 0) return { kind: 'failed', reason: 'no secret to sign with' };
    const { id, url, body } = webhook;
    const timestamp = Math.floor(Date.now() / 1000);
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'Heliograph-Webhook/1',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signWebhook({ secrets, id, timestamp, body }),
    };
    return poster.post({ url, headers, body });
  }

  function finish(webhook: ClaimedWebhook, how: 'well' | 'badly' | 'slow_down', result: TriedWebhook): void {
    tried.push(result);
    settling ??= new Promise<void>((resolve) => setImmediate(resolve)).then(settleAll).finally(() => (settling = undefined));
    hosts.finished(webhook.host, how);
  }

  /** What finished while the statement before was under way goes with the next. */
  async function settleAll(): Promise<void> {
    while (tried.length > 0) {
      const batch = tried;
      tried = [];
      try {
        // told before it is written down: a crash in between posts again and tells again
        await Promise.all(batch.filter(({ result }) => result === 'delivered').map((one) => publish(deliveredEvent(one))));
        await outbox.settle(batch);
      } catch (error) {
        log.warn({ webhooks: batch.length, err: error }, 'results of webhooks not stored, they will be posted again');
      }
      wake();
    }
  }

  return {
    wake,
    get running() {
      return hosts.running;
    },
    get healthy() {
      return healthy;
    },
    async stop(graceMs) {
      stopped = true;
      clearInterval(poll);
      await looking;
      const deadline = Date.now() + graceMs;
      await outbox
        .settle(hosts.clear().map((webhook) => untried(webhook, 'pending', Date.now())))
        .catch((error: unknown) => log.warn({ err: error }, 'webhooks not given back, their leases end'));
      while ((hosts.running > 0 || settling) && Date.now() < deadline)
        await (settling ?? new Promise((resolve) => setTimeout(resolve, 20)));
      poster.close();
    },
  };
}

/** Written back without a try: closed for good, or due for another process at once. */
function untried(webhook: ClaimedWebhook, result: TriedWebhook['result'], nextAtMs: number | undefined): TriedWebhook {
  return { webhook, attempts: webhook.attempts, nextAtMs, status: undefined, error: '', result };
}

function manner(step: NextStep): 'well' | 'badly' | 'slow_down' {
  if (step.kind === 'delivered') return 'well';
  return step.kind === 'retry' && step.slowDown ? 'slow_down' : 'badly';
}

function outcomeOf(webhook: ClaimedWebhook, answer: Answer, step: NextStep): TriedWebhook {
  return {
    webhook,
    attempts: webhook.attempts + 1,
    nextAtMs: step.kind === 'retry' ? step.atMs : undefined,
    status: answer.kind === 'answered' ? answer.status : undefined,
    error: answer.kind === 'failed' ? answer.reason : '',
    result: step.kind === 'retry' ? 'pending' : step.kind,
  };
}

function deliveredEvent({ webhook, attempts }: TriedWebhook): ReportDelivered {
  const { messageId, tenant, state } = webhook;
  return { type: 'report.delivered', at: Date.now(), messageId, tenant, via: 'webhook', state, attempt: attempts };
}
