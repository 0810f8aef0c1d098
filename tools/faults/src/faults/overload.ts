import { startLoad, type Load } from '@heliograph/end-to-end';
import { readFileSync } from 'node:fs';
import type { Fault, Scene } from '../fault.ts';

const tenant = 'flood';
/** Of the flood: 40 binds with 500 each keep 20,000 submissions unanswered, more than a process lets a tenant have. */
const flood = { binds: 40, window: 500, first: 0, messagesMax: 5_000_000, durationMs: 20_000, receipts: true };
const throttledStatus = 0x58;
const memoryMaxMiB = 1_536;

/**
 * A tenant submits ten times of what this machine carries: it is told to be slower, the others are served, memory stays bounded, and afterwards all
 * is as before. What it sends goes to a provider of its own, which counts.
 */
export const overload: Fault = {
  name: 'ten times the load for 20 s',
  group: 'overload',
  // by sockets that are read in turn, the others wait, too; what they have in work is far below their share
  async strike(scene) {
    const load = await startLoad();
    try {
      const { systemId, password } = await openFlood(scene, load);
      const watch = watchMemory(scene);
      const { accepted, sent, refused, broken } = await load.drive({ ...flood, port: scene.stack.ready.smpp.port, systemId, password });
      const mostMiB = watch.end();
      const throttled = refused[throttledStatus] ?? 0;
      scene.say(`${sent} submitted, ${accepted} accepted, ${throttled} throttled; most memory of a service ${mostMiB} MiB`);
      if (broken !== undefined) throw new Error(`the flood broke: ${broken}`);
      if (throttled + accepted !== sent) throw new Error(`refused otherwise: ${JSON.stringify(refused)}`);
      if (throttled === 0) throw new Error('nothing was throttled');
      if (mostMiB > memoryMaxMiB) throw new Error(`a service took ${mostMiB} MiB`);
      await arrived(load, accepted, scene);
    } finally {
      await load.stop();
    }
  },
};

async function openFlood({ operate }: Scene, { sinkPort }: Load): Promise<{ systemId: string; password: string }> {
  const { binds: sessions, window } = flood;
  const [systemId, password] = [tenant, 'f1000000'];
  await operate('PUT', `/v1/tenants/${tenant}`, { name: tenant, pricePlanId: 'standard' });
  await operate('POST', `/v1/tenants/${tenant}/top-ups`, { credits: '5000000', key: 'first of flood', note: 'faults' });
  await operate('PUT', '/v1/connectors/flood', { settings: { host: '127.0.0.1', port: sinkPort, systemId: 'flood', window: 500 } });
  await operate('PUT', '/v1/routes/flood', { when: { tenants: [tenant] }, targets: [{ connectorId: 'flood' }] });
  await operate('POST', '/v1/credentials', { kind: 'smpp', login: systemId, password, window, sessions }, tenant);
  return { systemId, password };
}

async function arrived(load: Load, accepted: number, { say }: Scene): Promise<void> {
  const deadline = Date.now() + 600_000;
  for (;;) {
    const { arrived: there, duplicates } = await load.counts();
    if (duplicates > 0) throw new Error(`${duplicates} arrived twice`);
    if (there === accepted) return say(`all ${accepted} of the flood arrived`);
    if (Date.now() > deadline) throw new Error(`${there} of ${accepted} of the flood arrived`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Looks each half second. */
function watchMemory({ stack }: Scene): { end(): number } {
  let most = 0;
  const look = (): void => {
    for (const name of Object.keys(stack.ready.processes)) most = Math.max(most, residentMiB(stack.pid(name)));
  };
  const timer = setInterval(look, 500);
  return {
    end() {
      clearInterval(timer);
      return Math.round(most);
    },
  };
}

function residentMiB(pid: number | undefined): number {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kibibytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}
