import type { StageName, StreamName } from '@heliograph/message';
import { createSiblings, openQueue, type Queue, type Worker } from '@heliograph/queue';
import { watchRegistry, type Connector, type SmppConnectorSettings } from '@heliograph/registry';
import { gauge, openSharedClock, type Running, type ServiceContext } from '@heliograph/service';
import { isDataError } from '@heliograph/sqlstate';
import type { config as schema } from './config.ts';
import { lookAtClock, openDatabase } from './database.ts';
import { HOUR } from './duration.ts';
import { openEndpoints } from './webhook/endpoints.ts';
import { createReceiptBook } from './report/receipt-book.ts';
import { fireReceiptTimers } from './report/receipt-timers.ts';
import { createReportedHandler } from './webhook/reported.ts';
import { startReporting } from './report/reporting.ts';
import { startRounds } from './rounds.ts';
import { sweep } from './sweep.ts';
import { probeDelaysMs } from './webhook/circuit.ts';
import { createWebhookCircuits } from './webhook/circuits.ts';
import { createWebhookDeliveries } from './webhook/deliveries.ts';
import { startWebhookLoop } from './webhook/loop.ts';
import { createWebhookOutbox } from './webhook/outbox.ts';
import { createPoster, postTimeoutMs } from './webhook/post.ts';
import { answerWebhookQuestions } from './webhook/questions.ts';
import { webhookDelaysMs } from './webhook/retry.ts';

/** What tests make quicker. */
export interface StartOptions {
  readonly webhookDelaysMs?: readonly number[];
  readonly webhookTimeoutMs?: number;
  readonly probeDelaysMs?: readonly number[];
}

/** Events in work at once, for each stream: a few batches deep. */
const eventsInFlightMax = 2_000;
/** Time to close queue and database within the drain's. */
const closingMs = 3_000;
const receiptTimersEveryMs = 1_000;
const bringForwardEveryMs = 1_000;
const gatherMs = 10;

export async function start({ name, config, log }: ServiceContext<typeof schema>, options: StartOptions = {}): Promise<Running> {
  const queue = await openQueue({ url: config.NATS_URL, name, log });
  const database = openDatabase(config.DATABASE_URL, config.DATABASE_CONNECTIONS);
  const registry = await watchRegistry({ databaseUrl: config.DATABASE_URL, listen: queue.listen, log });
  const clock = await openSharedClock({ look: () => lookAtClock(database), log });
  const noReportAfterMsOf = (connector: string): number | undefined => noReportAfterMs(registry.current.connectors.get(connector));
  const book = createReceiptBook(database, { noReportAfterMsOf });
  const outbox = createWebhookOutbox(database);
  const masterKey = Buffer.from(config.MASTER_KEY, 'hex');
  const endpoints = await openEndpoints({ registry, outbox, masterKey, log });
  const publish = queue.publish;

  const circuits = createWebhookCircuits(database);
  const poster = createPoster({ allowPrivate: config.ALLOW_PRIVATE_WEBHOOKS, timeoutMs: options.webhookTimeoutMs ?? postTimeoutMs });

  const loop = startWebhookLoop({
    outbox,
    circuits,
    poster,
    clock,
    endpoints,
    publish,
    log,
    perEndpoint: config.WEBHOOKS_PER_ENDPOINT,
    pollMs: config.WEBHOOK_POLL_MS,
    delaysMs: options.webhookDelaysMs ?? webhookDelaysMs,
    probeDelaysMs: options.probeDelaysMs ?? probeDelaysMs,
  });
  await answerWebhookQuestions(queue, {
    deliveries: createWebhookDeliveries(database),
    circuits,
    endpoints,
    poster,
    clock,
    wake: loop.wake,
  });
  const sweeps = {
    database,
    publish,
    noReportAfterMs: config.NO_REPORT_AFTER_MS,
    earlyReceiptKeepMs: config.EARLY_RECEIPT_KEEP_MS,
    finalKeepMs: config.FINAL_KEEP_MS,
    webhookKeepMs: config.WEBHOOK_KEEP_DAYS * 24 * HOUR,
  };
  const sweeping = startRounds({
    what: 'sweep',
    everyMs: config.SWEEP_EVERY_MS,
    async round(nowMs) {
      log.debug(await sweep(sweeps, nowMs), 'swept');
      await endpoints.refresh();
    },
    clock,
    log,
  });
  const timers = startRounds({
    what: 'look at overdue receipts',
    everyMs: receiptTimersEveryMs,
    round: (nowMs) => fireReceiptTimers({ database, publish }, nowMs),
    clock,
    log,
  });
  const forwards = startRounds({
    what: 'bring forward what is owed from a time to come',
    everyMs: bringForwardEveryMs,
    round: (nowMs) => outbox.bringForward(nowMs),
    clock,
    log,
  });
  const siblings = createSiblings({ queue, app: 'dlr-forwarder' });
  const { RECEIPT_HOLD_MS: receiptHoldMs } = config;
  const workers = await Promise.all([
    work(queue, 'webhook', 'REPORTED', gatherMs, createReportedHandler({ outbox, endpoints, clock, wake: loop.wake })),
    work(queue, 'webhook', 'MATCHED', gatherMs, createReportedHandler({ outbox, endpoints, clock, wake: loop.wake })),
  ]);
  const reporting = await startReporting({
    queue,
    book,
    log,
    // a receipt that another process has cannot meet a message that waits in this one
    holdMs: () => (siblings.alone ? receiptHoldMs : 0),
    hasOwnTime: (connector) => noReportAfterMsOf(connector) !== undefined,
  });
  loop.wake();
  gauge('heliograph_registry_stale_seconds', 'time since the registry was last seen', () => registry.staleMs / 1000);
  gauge('heliograph_dlr_forwarder_webhooks_running', 'webhooks being posted now', () => loop.running);

  return {
    checks: { queue: () => queue.connected || 'disconnected', database: () => loop.healthy || 'not reachable' },
    async stop() {
      // what the workers still put into the outbox is posted by another process, or by the next
      const graceMs = Math.max(1_000, config.DRAIN_MS - closingMs);
      await Promise.all([
        reporting.stop(graceMs),
        ...workers.map((worker) => worker.stop(graceMs)),
        loop.stop(graceMs),
        sweeping.stop(),
        timers.stop(),
        forwards.stop(),
      ]);
      siblings.stop();
      await clock.stop();
      await queue.close();
      await registry.stop();
      await database.$disconnect();
    },
  };
}

/** The setting is looked at for each message: what it has by its schema is not checked again. */
function noReportAfterMs(connector: Connector | undefined): number | undefined {
  const { noReportAfterS } = (connector?.settings ?? {}) as Partial<SmppConnectorSettings>;
  return typeof noReportAfterS === 'number' ? noReportAfterS * 1_000 : undefined;
}

function work<S extends StageName>(
  queue: Queue,
  stage: S,
  stream: StreamName,
  gatherMs: number,
  handle: Parameters<typeof queue.workInBatches<S>>[0]['handle'],
): Promise<Worker> {
  return queue.workInBatches<S>({ stage, stream, eventsInFlightMax, gatherMs, isPoison: isDataError, handle });
}
