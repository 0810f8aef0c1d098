import { createHash } from 'node:crypto';
import connectPgSimple from 'connect-pg-simple';
import session, { type SessionData, type Store } from 'express-session';
import pg from 'pg';
import type { Log } from '@heliograph/service';

export interface SessionStore {
  readonly store: Store;
  close(): Promise<void>;
}

export interface SessionStoreOptions {
  readonly databaseUrl: string;
  readonly log: Pick<Log, 'warn'>;
}

/** People are few; what they do is an indexed read and a small write each. */
const connectionsMax = 2;
/** A person waits this long for an answer, then is told to try again. */
const patienceMs = 5_000;
/** Expired rows are seen by nobody; this is about room only. */
const pruneEverySeconds = 15 * 60;

/** Sessions in PostgreSQL, shared by all http-api processes. Connects at the first session, and errors are told to who asked. */
export function openSessionStore({ databaseUrl, log }: SessionStoreOptions): SessionStore {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: connectionsMax,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
  });
  // of a connection that nobody was using
  pool.on('error', (err) => log.warn({ err }, 'connection of the session store lost'));
  const store = new DigestStore({
    pool,
    schemaName: 'http_api',
    tableName: 'session',
    pruneSessionInterval: pruneEverySeconds,
    errorLog: (text: unknown, err: unknown) => log.warn({ err }, String(text)),
  });
  store.onUntouched = (err) => log.warn({ err }, 'session not prolonged');
  return {
    store,
    async close() {
      store.close();
      await pool.end();
    },
  };
}

/** Rows are found by the SHA-256 of the id in the cookie: who reads the table, or a copy of it, can take over no session. */
class DigestStore extends connectPgSimple(session) {
  /** Told of a session that could not be prolonged: its request's answer, which is ready, is not lost for that. */
  onUntouched: (error: unknown) => void = () => {};
  override get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    super.get(digestOf(id), done);
  }
  override set(id: string, data: SessionData, done?: (error?: unknown) => void): void {
    super.set(digestOf(id), data, done);
  }
  override destroy(id: string, done?: (error?: unknown) => void): void {
    super.destroy(digestOf(id), done);
  }
  override touch(id: string, data: SessionData, done?: () => void): void {
    super.touch(digestOf(id), data, (error?: unknown) => {
      if (error) this.onUntouched(error);
      done?.();
    });
  }
}

function digestOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}
