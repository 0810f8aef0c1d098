import pg from 'pg';
import type { Log } from '@heliograph/service';

export interface Leadership {
  /** True while this process is the one that posts; finds out that the lead is lost when this process stood still for so long that another one may have it. */
  readonly leading: boolean;
  /** Whether the last try to reach the database succeeded. */
  readonly reachable: boolean;
  /** Tries no more to lead, and keeps the lead if it has it: the first step of stopping. */
  withdraw(): Promise<void>;
  /** Lets another process lead: the last step, when nothing is posted any more. */
  stop(): Promise<void>;
}

export interface LeadershipOptions {
  readonly databaseUrl: string;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Called once, when this process leads. `mayLead`: to be asked before what only the leader does, see `leading`. */
  readonly lead: (mayLead: () => boolean) => Promise<void>;
  /** Called once, when the lead is lost or could not be taken up. Another process may lead already: end this one. */
  readonly lost: (why: unknown) => void;
}

/** The session-level advisory lock that the leader holds: 'billing' in ASCII. Of this database, so two platforms on one server do not meet. */
const lockKey = String(BigInt(`0x${Buffer.from('billing').toString('hex')}`));
/** A standby asks for the lock so often: a waiting `pg_advisory_lock` would outlive its process inside the server and take the lock for nobody. */
const tryEveryMs = 250;
const heartbeatEveryMs = 2_000;
const answerTimeoutMs = 5_000;
/** A leader that is not heard of for so long leads no more: it hangs, and its connection with the lock would stay. Three heartbeats. */
const silentMsMax = 6_000;
/** A machine that vanished cannot close its connection: the server ends the session, and with it the lock, after 5 + 3 * 2 s. */
const dropDeadClients = 'SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3';
/** Of the session: it ends, and with it the lock, when nothing is asked in it for so long. */
const dropSilentClients = `-c idle_session_timeout=${silentMsMax}`;

/**
 * One process posts at a time: it holds an advisory lock on a connection of its own, and the lock goes with the connection. Resolves after the first try, so a
 * process that is alone leads already.
 *
 * The lock keeps two processes from doing the same work; the ledger itself would stay right with two (positions and leases are rows under locks).
 */
export async function contend({ databaseUrl, log, lead, lost }: LeadershipOptions): Promise<Leadership> {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let leading = false;
  let reachable = false;
  let stopped = false;
  let askedAtMs = performance.now();
  let turn = Promise.resolve();

  function lose(why: unknown): void {
    if (stopped) return;
    stopped = true;
    leading = false;
    lost(why);
  }

  async function connect(): Promise<pg.Client> {
    const made = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'billing-credits leader',
      options: dropSilentClients,
      keepAlive: true,
      connectionTimeoutMillis: answerTimeoutMs,
      query_timeout: answerTimeoutMs,
    });
    // also told by the query under way; without a listener the event would end the process
    made.on('error', () => undefined);
    made.on('end', () => {
      if (leading && made === client) lose(new Error('the connection that holds the lock ended'));
    });
    try {
      await made.connect();
      await made.query(dropDeadClients);
      return made;
    } catch (err) {
      await made.end().catch(() => undefined);
      throw err;
    }
  }

  async function tryToLead(): Promise<void> {
    try {
      client ??= await connect();
      askedAtMs = performance.now();
      const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1) AS got', [lockKey]);
      reachable = true;
      leading = rows[0]?.got === true;
    } catch (err) {
      if (reachable) log.warn({ err }, 'database cannot be reached, standing by');
      reachable = false;
      await client?.end().catch(() => undefined);
      client = undefined;
    }
    if (!leading || stopped) return;
    log.info({}, 'leading');
    await lead(isLeading).catch(lose);
  }

  /** Whatever is done first after standing still finds out. */
  function isLeading(): boolean {
    if (leading && !stopped && performance.now() - askedAtMs > silentMsMax)
      lose(new Error('this process stood still, another one may lead'));
    return leading;
  }

  async function stillLeading(): Promise<void> {
    if (!isLeading()) return;
    try {
      const askingAtMs = performance.now();
      await client?.query('SELECT 1');
      askedAtMs = askingAtMs;
    } catch (err) {
      lose(err);
    }
  }

  function next(): void {
    if (stopped) return;
    timer = setTimeout(
      () => {
        turn = (leading ? stillLeading() : tryToLead()).then(next);
      },
      leading ? heartbeatEveryMs : tryEveryMs,
    );
  }

  async function withdraw(): Promise<void> {
    stopped = true;
    clearTimeout(timer);
    await turn;
  }

  await tryToLead();
  if (!leading) log.info({}, 'standing by');
  next();
  return {
    get leading() {
      return isLeading();
    },
    get reachable() {
      return reachable;
    },
    withdraw,
    async stop() {
      await withdraw();
      leading = false;
      await client?.end().catch(() => undefined);
    },
  };
}
