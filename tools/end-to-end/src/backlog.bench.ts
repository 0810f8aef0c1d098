/**
 * Whether a message costs more when many wait: the provider's link is paused, so many are submitted (HTTP, 1,000 recipients a request), then the
 * link goes on and works all of it off. The cost is of both: `queued` until the last is in the connector's queue, `worked off` from there until the
 * last is delivered, and both together must be the same whatever the number.
 */
import { submitRound } from './bench-round.ts';
import { benchOptions } from './bench-options.ts';
import { cpuSecondsByName } from './cpu.ts';
import { cpuLine, onRoad, sum, type Road } from './road.ts';

/** Several of the small one: what a round costs besides its messages would be a part of it. */
const queues = [
  { size: 10_000, rounds: 5 },
  { size: benchOptions.full ? 5_000_000 : 200_000, rounds: 1 },
];
const recipients = 1_000;

await onRoad(
  async (road) => {
    await queueAndWorkOff(road, 20_000);
    console.log('| messages queued | rounds | CPU µs a message: queued | worked off | both | messages/s worked off |');
    console.log('| ---: | ---: | ---: | ---: | ---: | ---: |');
    const shares: string[] = [];
    for (const { size, rounds } of queues) {
      const measured: Awaited<ReturnType<typeof queueAndWorkOff>>[] = [];
      for (let i = 0; i < rounds; i++) measured.push(await queueAndWorkOff(road, size));
      const mean = (of: (one: (typeof measured)[number]) => number): number => measured.reduce((all, one) => all + of(one), 0) / rounds;
      const queued = mean(({ result }) => result.queuedCpu);
      const both = mean(({ cpu }) => sum(cpu));
      const rate = size / mean(({ arrivedInS, result }) => arrivedInS - result.resumedAfterS);
      console.log(`| ${size} | ${rounds} | ${[queued, both - queued, both, rate].map((one) => one.toFixed(0)).join(' | ')} |`);
      const names = Object.keys(road.stack.ready.processes);
      const cpu = Object.fromEntries(names.map((name) => [name, mean((one) => one.cpu[name] ?? 0)]));
      shares.push(`${size} queued: ${cpuLine({ cpu, loadCpu: mean(({ loadCpu }) => loadCpu) })}`);
    }
    console.log(`\nCPU µs a message by process\n${shares.join('\n')}`);
  },
  { credits: 20_000_000 },
);

function queueAndWorkOff({ stack, accepted, measure }: Road, size: number) {
  const { processes } = stack.ready;
  return measure({
    accepting: () => size,
    async do() {
      const beginMs = performance.now();
      const cpuBefore = sum(cpuSecondsByName(processes));
      await setMode(stack, 'paused');
      await submitRound(stack, { requests: size / recipients, recipients, connections: 4, first: accepted });
      await allRouted(stack, size);
      const queuedCpu = ((sum(cpuSecondsByName(processes)) - cpuBefore) / size) * 1e6;
      const resumedAfterS = (performance.now() - beginMs) / 1000;
      await setMode(stack, 'running');
      return { queuedCpu, resumedAfterS };
    },
  });
}

function setMode({ put }: Road['stack'], mode: 'paused' | 'running'): Promise<void> {
  return put('/v1/connectors/demo-carrier/mode', { mode });
}

async function allRouted({ get }: Road['stack'], size: number): Promise<void> {
  const deadlineMs = Date.now() + 60_000 + size;
  for (;;) {
    const { byState } = await get<{ byState: Record<string, number> }>('/v1/stats');
    if ((byState['routed'] ?? 0) >= size) return;
    if (Date.now() > deadlineMs) throw new Error(`no figure: of ${size} not all were routed: ${JSON.stringify(byState)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
