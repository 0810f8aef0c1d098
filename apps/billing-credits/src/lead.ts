import type { StreamName } from '@heliograph/message';
import type { PositionReader, Queue } from '@heliograph/queue';
import { counter, openSharedClock, type Log, type SharedClock } from '@heliograph/service';
import { lookAtClock, type BillingDatabase } from './database.ts';
import { createLeases, type LeaseTimes } from './leases.ts';
import { createLedger, type Ledger, type PositionedStage } from './ledger.ts';
import { createNotices } from './notices.ts';
import { postCharges, postRefunds, type Plans } from './post.ts';
import { answerQuestions } from './questions.ts';
import { createStatements } from './statement.ts';

/** What the one leading process does: posts both streams, ends leases, answers. */
export interface Lead {
  /** Whether the database took the last look at leases. */
  readonly databaseOk: boolean;
  /** PostgreSQL's: leases are stored and ended by it, as the next leader is another process. */
  readonly clock: Pick<SharedClock, 'now'>;
  /** Whether what was stored until now is posted; waits so long for it. */
  readonly caughtUp: Readonly<Record<PositionedStage, (withinMs: number) => Promise<boolean>>>;
  /** Stops taking records and finishes the batches in hand. */
  stop(): Promise<void>;
}

export interface LeadContext {
  readonly queue: Queue;
  readonly database: BillingDatabase;
  readonly plans: Plans;
  readonly times: LeaseTimes;
  /** Whether no other process can lead by now. */
  readonly mayLead?: () => boolean;
  readonly log: Log;
}

const closed = counter('heliograph_billing_credits_leases_closed_total', 'Leases closed because their ingress did not give them back');
const noticed = counter('heliograph_billing_credits_notices_total', 'Notices of low balances published');

const gatherMs = 50;
const eventsMax = 5_000;
/** An asker of a balance waits so long for its own writes to be posted. */
const caughtUpMsMax = 1_000;
const sweepEveryMs = 1_000;
const sources = { charge: 'SUBMITTED', refund: 'REPORTED' } as const satisfies Record<PositionedStage, StreamName>;

export async function lead({ queue, database, plans, times, mayLead = () => true, log }: LeadContext): Promise<Lead> {
  const ledger = createLedger(database);
  const leases = createLeases(database, times);
  const notices = createNotices(database);
  const statements = createStatements(database);
  await refuseLostStreams(queue, ledger);
  const clock = await openSharedClock({ look: () => lookAtClock(database), log });
  const reading = { gatherMs, eventsMax };
  const charging = queue.readFromPosition({
    stage: 'charge',
    stream: sources.charge,
    position: () => ledger.positionOf('charge'),
    handle: postCharges({ ledger, log }),
    ...reading,
  });
  const refunding = queue.readFromPosition({
    stage: 'refund',
    stream: sources.refund,
    position: () => ledger.positionOf('refund'),
    handle: postRefunds({ ledger, plans, log }),
    ...reading,
  });
  const caughtUp = (): Promise<unknown> =>
    Promise.all([charging, refunding].map((reader: PositionReader) => reader.caughtUp(caughtUpMsMax)));
  await answerQuestions({ queue, ledger, leases, plans, notices, statements, caughtUp, clock, mayLead });

  let databaseOk = true;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let sweeping = Promise.resolve();

  async function sweep(): Promise<void> {
    try {
      const count = await leases.end(clock.now(), () => charging.caughtUp(caughtUpMsMax));
      databaseOk = true;
      if (count > 0) closed.add(count);
    } catch (err) {
      // a server that is away: the next look closes what this one could not
      databaseOk = false;
      log.warn({ err }, 'leases not looked at');
    }
  }

  async function sendNotices(): Promise<void> {
    try {
      const sent = await notices.send(queue.publish);
      if (sent > 0) noticed.add(sent);
    } catch (err) {
      // they are owed still
      log.warn({ err }, 'notices of low balances not sent');
    }
  }

  function sweepLater(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      sweeping = Promise.all([sweep(), sendNotices()]).then(sweepLater);
    }, sweepEveryMs);
  }
  sweepLater();

  return {
    get databaseOk() {
      return databaseOk;
    },
    clock,
    caughtUp: { charge: charging.caughtUp, refund: refunding.caughtUp },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await Promise.all([sweeping, charging.stop(), refunding.stop(), clock.stop()]);
    },
  };
}

/**
 * Streams that end before what was posted of them are not the streams of this ledger (a lost disk, another server): their new records would be
 * taken for posted ones and sent for nothing. Better not to start.
 */
async function refuseLostStreams(queue: Queue, ledger: Ledger): Promise<void> {
  for (const [stage, stream] of Object.entries(sources) as [PositionedStage, StreamName][]) {
    const [position, last] = [await ledger.positionOf(stage), await queue.lastSeq(stream)];
    if (position > last) {
      throw new Error(
        `stream ${stream} ends at ${last}, but stage ${stage} has posted up to ${position}: this is not the stream the ledger was posted from`,
      );
    }
  }
}
