/**
 * What charging costs: the CPU of all processes for a message that is charged, beside one that is free, whose record names no lease and is
 * posted nowhere. Rounds of both take turns on one stack, the price plan being changed between them; each ends when all its messages are
 * delivered, and counts what was charged.
 */
import { startCarrier } from '@heliograph/carrier-simulator';
import { settled, submitRound } from './bench-round.ts';
import { cpuSecondsOf } from './cpu.ts';
import { startStack } from './stack.ts';

const scale = Number(process.env['BENCH_SCALE'] ?? '1');
const round = { requests: 40 * scale, recipients: 1_000, connections: 4 };
const messages = round.requests * round.recipients;
const prices = [1, 0, 0, 1, 1, 0, 0, 1];

const carrier = await startCarrier({ options: { receiptDelayMs: 50 } });
const stack = await startStack({ carrierPort: carrier.port, balance: 10_000_000, profile: 'production' });
try {
  const microseconds: Record<number, number[]> = { 0: [], 1: [] };
  let sent = 0;
  let charged = 0;
  // the first round warms up
  for (const [i, price] of [1, ...prices].entries()) {
    await setPrice(price);
    const cpuBefore = cpuSecondsOf(Object.values(stack.ready.processes));
    await submitRound(stack, round);
    sent += messages;
    charged += messages * price;
    await settled(stack, { delivered: sent, credits: charged });
    if (i > 0) microseconds[price]?.push(((cpuSecondsOf(Object.values(stack.ready.processes)) - cpuBefore) / messages) * 1e6);
  }
  const [free, paid] = [median(microseconds[0] ?? []), median(microseconds[1] ?? [])];
  console.log('| | CPU µs a message, all processes, median | rounds |');
  console.log('| --- | ---: | --- |');
  console.log(`| charged | ${paid.toFixed(0)} | ${(microseconds[1] ?? []).map((one) => one.toFixed(0)).join(', ')} |`);
  console.log(`| free | ${free.toFixed(0)} | ${(microseconds[0] ?? []).map((one) => one.toFixed(0)).join(', ')} |`);
  console.log(
    `\ncharging adds ${((paid / free - 1) * 100).toFixed(1)} % (${messages} messages a round, ${charged} credits charged exactly)`,
  );
} finally {
  await stack.stop();
  await carrier.stop();
}

function setPrice(price: number): Promise<void> {
  return stack.put('/v1/price-plans/standard', { name: 'Standard', refunds: [], prices: [{ prefix: '', credits: `${price}.000000` }] });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}
