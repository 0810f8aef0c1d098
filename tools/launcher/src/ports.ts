import { createServer } from 'node:net';
import { optionTable } from './options.ts';
import type { Options } from './options.ts';

const portOptions = ['smppPort', 'smppTlsPort', 'httpPort'] as const satisfies (keyof Options)[];

/** One line for each wished port that cannot be had; asked first, so that nobody waits for a start that must fail. */
export async function portErrors(options: Options): Promise<string[]> {
  const wished = portOptions.filter((key) => options[key] !== 0);
  const errors = await Promise.all(wished.map(async (key) => ({ key, code: await bindError(options[key]) })));
  return [...doubled(options), ...errors.flatMap(({ key, code }) => (code === undefined ? [] : [explain(key, options[key], code)]))];
}

function doubled(options: Options): string[] {
  const ports = portOptions.map((key) => options[key]).filter((port) => port !== 0);
  const twice = new Set(ports.filter((port, i) => ports.indexOf(port) !== i));
  return [...twice].map((port) => `port ${port} is wished for twice`);
}

function explain(key: (typeof portOptions)[number], port: number, code: string): string {
  const reason =
    { EADDRINUSE: 'is in use by another program', EACCES: 'needs rights that this user does not have' }[code] ?? `cannot be used (${code})`;
  return `port ${port} ${reason}; choose another with --${optionTable[key].flag} (0 = any free port)`;
}

function bindError(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(undefined)));
  });
}
