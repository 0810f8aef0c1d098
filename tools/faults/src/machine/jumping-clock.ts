import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The clock of services that were started with `env`; those of nats-server and PostgreSQL are the machine's. */
export interface JumpingClock {
  readonly env: Readonly<Record<string, string>>;
  /** From now on the processes are so far ahead of the machine, ms; less than 0: behind. */
  set(pids: readonly number[], aheadMs: number): void;
}

export function createJumpingClock(): JumpingClock {
  const file = join(mkdtempSync(join(tmpdir(), 'heliograph-clock-')), 'ahead-ms');
  return {
    env: {
      NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'jumping-clock.mjs')).href}`,
      JUMPING_CLOCK_FILE: file,
    },
    set(pids, aheadMs) {
      writeFileSync(file, String(aheadMs));
      for (const pid of pids) process.kill(pid, 'SIGUSR2');
    },
  };
}
