/**
 * HTTP in, one message a request, SMPP out: Kannel's bearerbox and smsbox (Debian's packages), then Heliograph, with the same load, the same kind of
 * sink, on the same machine in the same run. Kannel keeps everything in memory, charges nothing and keeps no history; without receipts, and with
 * them (internal store, the receipt's URL called). Heliograph always has receipts, charges, syncs and keeps the history. Left out where Kannel is
 * not installed: `apt-get install kannel`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@heliograph/testbed';
import { submitRound } from './bench-round.ts';
import { cpuSecondsByName } from './cpu.ts';
import { postMany } from './http-load.ts';
import { kannelVersion, startKannel, type Kannel } from './kannel.ts';
import { startLoad, type Load } from './load/load.ts';
import { destinationOf } from './load/pdus.ts';
import { conditions, percentile, startRoad, sum } from './road.ts';

const round = { requests: 20_000, recipients: 1, connections: 64 };
const rounds = 3;
const waitMs = 60_000;

interface Figures {
  readonly acceptedPerS: number;
  readonly arrivedPerS: number;
  readonly p99Ms: number;
  /** µs a message, of all its processes. */
  readonly cpu: number;
}

const version = kannelVersion();
if (version === undefined) console.log('left out: Kannel is not installed (bearerbox and smsbox are not on the PATH)');
else await compare(version);

async function compare(installed: string): Promise<void> {
  try {
    const [without, withReceipts] = await measureKannel();
    const { ours, ran } = await measureOurs();
    console.log(`Kannel ${installed}, in memory, log level 3. ${ran}\n`);
    console.log('| medians of three rounds of 20,000 | accepted/s | arrived/s | p99 ms | CPU µs a message |');
    console.log('| --- | ---: | ---: | ---: | ---: |');
    line('Kannel, without receipts', without);
    line('Kannel, with receipts', withReceipts);
    line('Heliograph, with receipts, charged, synced, kept', ours);
    const ratio = (kannel: Figures): string =>
      `${(ours.arrivedPerS / kannel.arrivedPerS).toFixed(2)} times as many messages/s, ${(ours.cpu / kannel.cpu).toFixed(2)} times its CPU`;
    console.log(`\nHeliograph beside Kannel with receipts: ${ratio(withReceipts)}; without: ${ratio(without)}`);
  } catch (error) {
    console.log((error as Error).message);
    process.exitCode = 1;
  }
}

function line(what: string, { acceptedPerS, arrivedPerS, p99Ms, cpu }: Figures): void {
  console.log(`| ${what} | ${acceptedPerS.toFixed(0)} | ${arrivedPerS.toFixed(0)} | ${p99Ms.toFixed(1)} | ${cpu.toFixed(0)} |`);
}

async function measureKannel(): Promise<[without: Figures, withReceipts: Figures]> {
  const load = await startLoad();
  let called = 0;
  const calls = createServer((_, response) => {
    called++;
    response.end();
  });
  await new Promise<void>((resolve) => calls.listen(0, '127.0.0.1', resolve));
  const kannel = await startKannel(load.sinkPort);
  const receiptUrl = `http://127.0.0.1:${(calls.address() as AddressInfo).port}/`;
  let first = 0;
  const measured = async (isCalled: boolean): Promise<Figures> => {
    const all: Figures[] = [];
    // the first warms up
    for (let i = 0; i <= rounds; i++) {
      const calledBefore = called;
      const reported = (): boolean => called - calledBefore >= (isCalled ? round.requests : 0);
      const figures = await kannelRound({ load, kannel, first, reported, ...(isCalled && { receiptUrl }) });
      if (called - calledBefore !== (isCalled ? round.requests : 0))
        throw new Error(`no figure for Kannel: ${called - calledBefore} receipts of ${round.requests}`);
      if (i > 0) all.push(figures);
      first += round.requests;
    }
    return median(all);
  };
  try {
    return [await measured(false), await measured(true)];
  } finally {
    await kannel.stop();
    await load.stop();
    calls.close();
    calls.closeAllConnections();
  }
}

async function kannelRound(options: {
  load: Load;
  kannel: Kannel;
  first: number;
  reported: () => boolean;
  receiptUrl?: string;
}): Promise<Figures> {
  const { load, kannel, first, reported, receiptUrl } = options;
  const cpuBefore = sum(cpuSecondsByName(kannel.processes));
  const { nowMs } = await load.counts();
  const { seconds, statuses, latenciesMs } = await postMany({
    url: kannel.url,
    connections: round.connections,
    requests: round.requests,
    headers: {},
    path: (n) =>
      kannel.path({
        to: destinationOf(first + n),
        text: 'Your order is on its way and will arrive tomorrow.',
        ...(receiptUrl !== undefined && { receiptUrl }),
      }),
  });
  if (statuses[202] !== round.requests) throw new Error(`no figure for Kannel: not all were accepted: ${JSON.stringify(statuses)}`);
  const sink = await eventually(
    'all are at the sink',
    async () => {
      const counts = await load.counts();
      return counts.arrived >= first + round.requests && reported() && counts;
    },
    waitMs,
  );
  if (sink.arrived !== first + round.requests || sink.duplicates > 0)
    throw new Error(`no figure for Kannel: ${sink.arrived} arrived, ${sink.duplicates} came twice`);
  return {
    acceptedPerS: round.requests / seconds,
    arrivedPerS: round.requests / ((sink.lastArrivedAtMs - nowMs) / 1000),
    p99Ms: percentile(latenciesMs, 0.99),
    cpu: ((sum(cpuSecondsByName(kannel.processes)) - cpuBefore) / round.requests) * 1e6,
  };
}

async function measureOurs(): Promise<{ ours: Figures; ran: string }> {
  const road = await startRoad();
  try {
    const all: Figures[] = [];
    for (let i = 0; i <= rounds; i++) {
      const { result, messages, arrivedInS, cpu } = await road.measure({
        accepting: () => round.requests,
        do: (first) => submitRound(road.stack, { ...round, first }),
      });
      const { seconds, latenciesMs } = result;
      const figures = {
        acceptedPerS: messages / seconds,
        arrivedPerS: messages / arrivedInS,
        p99Ms: percentile(latenciesMs, 0.99),
        cpu: sum(cpu),
      };
      if (i > 0) all.push(figures);
    }
    return { ours: median(all), ran: conditions(road.stack) };
  } finally {
    await road.stop();
  }
}

/** Of each figure by itself, of an odd number of rounds. */
function median(all: readonly Figures[]): Figures {
  const of = (key: keyof Figures): number => all.map((one) => one[key]).toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN;
  return { acceptedPerS: of('acceptedPerS'), arrivedPerS: of('arrivedPerS'), p99Ms: of('p99Ms'), cpu: of('cpu') };
}
