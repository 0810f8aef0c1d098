/**
 * Stand-in for a service: listens on the ports that FAKE_PORTS asks for ("smpp=FAKE_SMPP_PORT,…"), reports them, ends on SIGTERM and when its
 * launcher is gone, and notes both in FAKE_JOURNAL. FAKE_HANGS names the one that does not stop when asked. FAKE_FAILS makes it end before it is ready, as a broken configuration does.
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

const { FAKE_NAME = '', FAKE_PORTS = '', FAKE_JOURNAL = '', FAKE_FAILS, FAKE_HANGS } = process.env;
const note = (event: string) => appendFileSync(FAKE_JOURNAL, `${event} ${FAKE_NAME}\n`);
const end = (event: string) => {
  note(event);
  process.exit(0);
};
process.on('SIGTERM', () => FAKE_HANGS === FAKE_NAME || end('stopped'));
process.once('disconnect', () => end('leash'));

if (FAKE_FAILS === FAKE_NAME) {
  process.stderr.write('SMPP_PORT must be 0..65535\n');
  process.exit(1);
}

const listen = (port: number) =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
const wished = FAKE_PORTS.split(',')
  .filter(Boolean)
  .map((pair) => pair.split('=') as [string, string]);
const ports = Object.fromEntries(
  await Promise.all(wished.map(async ([name, variable]) => [name, await listen(Number(process.env[variable] ?? 0))])),
);
note('started');
process.stdout.write('{"level":"info","msg":"ready"}\n{"level":"warn","msg":"a warning after the start"}\n');
process.send!({ ready: true, ports });
