import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** The time of day of an embedded PostgreSQL that was started with `env`; those of services and of nats-server are the machine's. */
export interface PostgresClock {
  readonly env: Readonly<Record<string, string>>;
  /** Before it is started; gives what tidies up when it has ended. */
  prepare(): () => void;
  /** From now on it is so far ahead of the machine, ms; less than 0: behind. Whole seconds. What measures how long something takes does not jump. */
  set(aheadMs: number): void;
}

/** Where libfaketime is, as its own command says; undefined: it is not installed. */
function library(): string | undefined {
  try {
    const path = execFileSync('faketime', ['-f', '+0', 'printenv', 'LD_PRELOAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return path.trim();
  } catch {
    return undefined;
  }
}

/** Why PostgreSQL's clock cannot be set here; undefined: it can. */
export function noFaketime(): string | undefined {
  return library() === undefined ? 'needs faketime' : undefined;
}

export function createPostgresClock(): PostgresClock {
  const folder = join(tmpdir(), `heliograph-postgres-clock-${randomUUID()}`);
  const [wrapper, file] = [join(folder, 'run-with-clock'), join(folder, 'clock')];

  /** At once or not at all: it is read at every look at the clock. */
  function set(aheadMs: number): void {
    const seconds = aheadMs / 1000;
    writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(`${file}.new`, file);
  }

  return {
    env: { HELIOGRAPH_POSTGRES_WRAPPER: wrapper },
    prepare() {
      mkdirSync(folder);
      const variables = {
        LD_PRELOAD: library() as string,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: '1',
        DONT_FAKE_MONOTONIC: '1',
        NO_FAKE_STAT: '1',
      };
      const assigned = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
      writeFileSync(wrapper, `#!/bin/sh\nexec env ${assigned.join(' ')} "$@"\n`);
      set(0);
      // PostgreSQL runs as another user than root
      for (const path of [folder, wrapper]) chmodSync(path, 0o755);
      return () => rmSync(folder, { recursive: true, force: true });
    },
    set,
  };
}

/** How far a PostgreSQL is ahead of this process, ms, within what it takes to ask it. */
export async function aheadMsOf(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    return (rows[0]?.now.getTime() as number) - Date.now();
  } finally {
    await client.end();
  }
}
