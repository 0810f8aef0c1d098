import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import { checkRun, createHttpPlatform, openJournal, type CheckResult, type Journal } from '@heliograph/checker';
import { connectStubborn, createStubbornHttpClient, startStack, type Stack } from '@heliograph/end-to-end';
import { eventually } from '@heliograph/testbed';
import type { Fault } from './fault.ts';
import type { Submitter } from './load.ts';
import { startReceiver, type Receiver } from './receiver.ts';

/** A whole Heliograph with everybody around it: a provider, three tenants that submit, receivers of their reports; each keeps a journal. */
export interface Rig {
  readonly stack: Stack;
  readonly carrier: Carrier;
  readonly receivers: Readonly<Record<'acme' | 'bravo', Receiver>>;
  readonly submitters: readonly Submitter[];
  /** Where the journals are. */
  readonly folder: string;
  /** Answers other than an acceptance, by their words, since it was last asked. */
  takeErrors(): Record<string, number>;
  /** Whether the tenant was told how the message ended. */
  isReported(tenant: string, id: string): boolean;
  asTenant<Answer>(tenant: string, method: string, path: string, body?: object): Promise<Answer>;
  operate(method: string, path: string, body?: object, tenant?: string): Promise<unknown>;
  connect(settings: object): Promise<void>;
  check(options: { unnotedMax: number; waitMs: number }): Promise<CheckResult>;
  /** `keep`: the data, the logs and the journals stay for whoever looks for the cause. */
  close(options: { keep: boolean }): Promise<void>;
}

/** Trimmed as soon as every reader has a record: what a reader looks for after a crash must still be there. */
const env = { REPLAY_WINDOW_MS: '1s', TRIM_EVERY_MS: '1s', ALLOW_PRIVATE_WEBHOOKS: 'true', RECONCILE_EVERY_MS: '5s' };
const creditsEach = '1000000';

export async function openRig({ stack: given = {}, carrier: carrierGiven = {} }: Partial<Fault>): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-fault-'));
  const errors = new Map<string, number>();
  const journals: Journal[] = [];
  const files: string[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  let stack: Stack | undefined;
  let closed = false;

  function journalOf(name: string): Journal {
    const file = join(folder, `${name}.jsonl`);
    const journal = openJournal(file);
    files.push(file);
    journals.push(journal);
    return {
      write(line) {
        if (line.kind === 'refused') count(line.reason);
        if (line.kind === 'unanswered') count('unanswered');
        // a client of a run that failed goes on until the process ends
        if (!closed) journal.write(line);
      },
      close: () => journal.close(),
    };
  }

  const count = (word: string): void => void errors.set(word, (errors.get(word) ?? 0) + 1);

  async function close({ keep }: { keep: boolean }): Promise<void> {
    for (const end of closing.reverse()) await end().catch(() => {});
    await stack?.stop({ keepData: keep });
    closed = true;
    await Promise.all(journals.map((journal) => journal.close()));
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }

  try {
    const { options, ...more } = carrierGiven;
    const carrier = await startCarrier({ ...more, options: { receiptDelayMs: 20, ...options }, journal: journalOf('provider') });
    closing.push(() => carrier.stop());
    const started = await startStack({
      balance: 1_000_000,
      profile: 'production',
      ...given,
      carrierPort: carrier.port,
      env: { ...env, ...given.env },
    });
    stack = started;
    const { operatorKey, url } = started.ready.http;
    const operate: Rig['operate'] = (method, path, body, tenant) =>
      call(url + path, method, operatorKey, body, tenant === undefined ? {} : { 'heliograph-tenant': tenant });
    let connected = '{}';

    /** Settings of the connector beside its address; nothing is done when they are what they are. */
    async function connect(settings: object): Promise<void> {
      if (JSON.stringify(settings) === connected) return;
      connected = JSON.stringify(settings);
      const binds = carrier.stats().binds;
      await operate('PUT', '/v1/connectors/demo-carrier', {
        settings: { host: '127.0.0.1', port: carrier.port, systemId: 'heliograph', ...settings },
      });
      await eventually('the connector is bound again', () => carrier.stats().binds > binds);
    }

    const keys: Record<string, string> = { demo: started.ready.http.apiKey };
    const asTenant = async <Answer>(tenant: string, method: string, path: string, body?: object): Promise<Answer> =>
      (await call(url + path, method, keys[tenant] as string, body)) as Answer;

    async function openTenant(tenant: 'acme' | 'bravo'): Promise<Receiver> {
      await operate('PUT', `/v1/tenants/${tenant}`, { name: tenant, pricePlanId: 'standard' });
      await operate('POST', `/v1/tenants/${tenant}/top-ups`, { credits: creditsEach, key: `first of ${tenant}`, note: 'faults' });
      const made = await operate('POST', '/v1/credentials', { kind: 'api_key', role: 'tenant-admin' }, tenant);
      keys[tenant] = (made as { secret: string }).secret;
      const receiver = await startReceiver(tenant, journalOf(`${tenant}-receiver`));
      closing.push(() => receiver.stop());
      await asTenant(tenant, 'PUT', '/v1/webhook', { url: receiver.url });
      return receiver;
    }
    const receivers = { acme: await openTenant('acme'), bravo: await openTenant('bravo') };

    const bySmpp = await connectStubborn(started.ready.smpp, { tenant: 'demo', journal: journalOf('demo') });
    closing.push(() => bySmpp.close());
    const demo: Submitter = { tenant: 'demo', atOnceMax: 150, cutsTexts: false, submit: bySmpp.submit };
    const byHttp = (tenant: string): Submitter => {
      const caller = {
        get: <Answer>(path: string) => asTenant<Answer>(tenant, 'GET', path),
        post: (path: string, body: object) => post(url + path, keys[tenant] as string, body),
      };
      const client = createStubbornHttpClient(caller, { tenant, journal: journalOf(tenant) });
      return { tenant, atOnceMax: 40, cutsTexts: true, submit: client.submit };
    };

    return {
      stack: started,
      carrier,
      receivers,
      submitters: [demo, byHttp('acme'), demo, byHttp('bravo')],
      folder,
      takeErrors() {
        const taken = Object.fromEntries(errors);
        errors.clear();
        return taken;
      },
      isReported: (tenant, id) =>
        tenant === 'demo' ? bySmpp.receipts.has(id) : receivers[tenant as keyof typeof receivers].reported.has(id),
      asTenant,
      operate,
      connect,
      async check({ unnotedMax, waitMs }) {
        const platform = createHttpPlatform({ url, tenantKeys: keys, operatorKey });
        return checkRun({ journals: files, platform, unnotedMax, waitMs });
      },
      close,
    };
  } catch (error) {
    await close({ keep: false });
    throw error;
  }
}

function post(url: string, key: string, body: object): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function call(url: string, method: string, key: string, body?: object, more: Record<string, string> = {}): Promise<unknown> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...more };
  const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${new URL(url).pathname}: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
