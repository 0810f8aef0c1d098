import { once } from 'node:events';
import net from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createSession, listen, type SessionOptions } from './index.ts';

/**
 * `node libs/smpp/src/session.bench.ts`: submit_sm and submit_sm_resp over loopback, sockets included. The SMSC is the main
 * thread, the ESME a worker; CPU is counted per thread, so "a core" is 1 s of it, and once for the process, which has both sides and the
 * threads that collect garbage. Target: 150,000 pairs a second and core. `taskset -c 0` shows it on one.
 */
const timers = { sessionInitMs: 10_000, enquireLinkMs: 30_000, inactivityMs: 0, responseMs: 10_000 };
const WINDOW = 1000;
const SECONDS = 3;
const shared = { timers, windowMax: WINDOW, receiveWindowMax: WINDOW, onClose: () => undefined };

if (isMainThread) await smsc();
else await esme(workerData as number);

async function smsc(): Promise<void> {
  let answered = 0;
  // Answers wait for the next turn, as they do behind a durable publish.
  const waiting: (() => void)[] = [];
  const onRequest: SessionOptions['onRequest'] = (request, reply) => {
    if (request.command !== 'submit_sm') return void reply.ok({ system_id: 'bench' });
    if (waiting.length === 0) setImmediate(() => waiting.splice(0).forEach((answer) => answer()));
    waiting.push(() => reply.ok({ message_id: `018f2b7e1c9d${answered++}` }));
  };
  const listener = await listen({
    port: 0,
    host: '127.0.0.1',
    accept: (socket) => createSession({ ...shared, socket, role: 'smsc', onRequest }),
  });
  const worker = new Worker(new URL(import.meta.url), { workerData: listener.port });
  await once(worker, 'message'); // warm
  const [countBefore, cpuBefore, before] = [answered, process.threadCpuUsage(), process.hrtime.bigint()];
  const allBefore = process.cpuUsage();
  const [client] = (await once(worker, 'message')) as [{ pairs: number; cpuUs: number }];
  const seconds = Number(process.hrtime.bigint() - before) / 1e9;
  const cpu = process.threadCpuUsage(cpuBefore);
  const all = process.cpuUsage(allBefore);
  report('smsc', answered - countBefore, cpu.user + cpu.system, seconds);
  report('esme', client.pairs, client.cpuUs, seconds);
  report('both', answered - countBefore, all.user + all.system, seconds);
  await worker.terminate();
  await listener.close();
  process.exit(0);
}

function report(side: string, pairs: number, cpuUs: number, seconds: number): void {
  const perPair = cpuUs / pairs;
  console.log(
    `${side}: ${Math.round(pairs / seconds)} pairs/s observed, ${perPair.toFixed(2)} us CPU a pair = ${Math.round(1e6 / perPair)} pairs/s a core`,
  );
}

async function esme(port: number): Promise<void> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  const session = createSession({ ...shared, socket, role: 'esme', onRequest: (_request, reply) => void reply.ok() });
  await session.bind({ command: 'bind_transceiver', system_id: 'bench', interface_version: 0x34 });
  const submit = {
    command: 'submit_sm',
    source_addr: 'Heliograph',
    destination_addr: '15551234567',
    short_message: Buffer.alloc(90, 'x'),
  } as const;
  let pairs = 0;
  const answered = (): void => {
    pairs++;
  };
  const fill = (): void => {
    for (let free = session.windowFree; free > 0; free--) void session.request(submit).then(answered);
    session.whenWindowFree(fill);
  };
  fill();
  await passed(1);
  parentPort!.postMessage('warm');
  const [pairsBefore, cpuBefore] = [pairs, process.threadCpuUsage()];
  await passed(SECONDS);
  const cpu = process.threadCpuUsage(cpuBefore);
  parentPort!.postMessage({ pairs: pairs - pairsBefore, cpuUs: cpu.user + cpu.system });
}

function passed(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
