import { createControlPlane, Refused, Unreachable, type ControlPlane } from '@heliograph/operator-command';
import { contentOf } from './journal.ts';
import type { Balance, Difference, Hop, Platform, PlatformMessage, Usage } from './platform.ts';
import { readCsv } from './read-csv.ts';

export interface HttpPlatformOptions {
  /** Of http-api. */
  readonly url: string;
  /** API keys by tenant id. */
  readonly tenantKeys: Readonly<Record<string, string>>;
  /** Asks for the tenants that have no key here, and for the reconciler's differences. */
  readonly operatorKey?: string | undefined;
}

const pageSize = 100;
/** Usage comes in one answer, however long. */
const usageMsMax = 600_000;
const dayMs = 24 * 60 * 60_000;

/** The platform as its API shows it. Rejects with Refused (a key that is not good, a tenant without one) or Unreachable. */
export function createHttpPlatform({ url, tenantKeys, operatorKey }: HttpPlatformOptions): Platform {
  const operator = operatorKey === undefined ? undefined : createControlPlane({ url, key: operatorKey });
  const own = new Map(Object.entries(tenantKeys).map(([tenant, key]) => [tenant, createControlPlane({ url, key })]));

  async function ask(tenant: string, path: string, options: { allow?: number; msMax?: number } = {}): Promise<Response> {
    const asked = own.get(tenant);
    if (!asked && !operator) throw new Refused(`tenant ${tenant}: a journal names it, and there is no key to ask for it`);
    const request = { ...(asked ? {} : { tenant }), ...(options.msMax === undefined ? {} : { msMax: options.msMax }) };
    const response = await ((asked ?? operator) as ControlPlane).ask('GET', path, request);
    if (response.ok || response.status === options.allow) return response;
    throw new Refused(`tenant ${tenant}: ${path}: ${await problemOf(response)}`);
  }

  return {
    tenants: Object.keys(tenantKeys),
    async *messages(tenant, sinceMs) {
      const since = sinceMs === 0 ? '' : `&since=${new Date(sinceMs).toISOString()}`;
      for (let before: string | null = ''; before !== null;) {
        const from: string = before === '' ? '' : `&before=${before}`;
        const page = await bodyOf<MessagePage>(await ask(tenant, `/v1/messages?limit=${pageSize}${since}${from}`));
        yield page.messages.map(messageOf);
        before = page.next;
      }
    },
    async *usage(tenant, sinceMs) {
      const from = new Date(Math.max(sinceMs, earliestMs)).toISOString();
      // what a door with a fast clock accepted is of a moment that has not come yet
      const until = new Date(Date.now() + dayMs).toISOString();
      const response = await ask(tenant, `/v1/usage?format=csv&from=${from}&until=${until}`, { msMax: usageMsMax });
      for await (const rows of readCsv(textOf(response))) yield rows.map(usageOf);
    },
    async balance(tenant) {
      const texts = await bodyOf<Record<keyof Balance, string>>(await ask(tenant, '/v1/balance'));
      const { funds, balance, leased, charged, refunded } = texts;
      return {
        funds: microCredits(funds),
        balance: microCredits(balance),
        leased: microCredits(leased),
        charged: microCredits(charged),
        refunded: microCredits(refunded),
      };
    },
    async trace(tenant, id) {
      const response = await ask(tenant, `/v1/messages/${id}/trace`, { allow: 404 });
      if (response.status !== 404) return (await bodyOf<{ hops: Hop[] }>(response)).hops;
      await response.body?.cancel();
      return undefined;
    },
    async differences() {
      if (!operator) return undefined;
      const all: Difference[] = [];
      for (let before: string | null = ''; before !== null;) {
        const path: string = `/v1/differences?open=true&limit=${pageSize}${before === '' ? '' : `&before=${before}`}`;
        const response = await operator.ask('GET', path);
        if (!response.ok) throw new Refused(`${path}: ${await problemOf(response)}`);
        const page = await bodyOf<{ differences: Difference[]; next: string | null }>(response);
        all.push(...page.differences);
        before = page.next;
      }
      return all;
    },
  };
}

/** Nothing was accepted before, and the API takes no year below 1. */
const earliestMs = Date.UTC(2000, 0, 1);

interface MessagePage {
  readonly messages: readonly ShownMessage[];
  readonly next: string | null;
}

interface ShownMessage {
  readonly id: string;
  readonly to: string;
  readonly text?: string;
  readonly octets?: string;
  readonly state: string;
  readonly test?: boolean;
}

function messageOf({ id, to, text, octets, state, test = false }: ShownMessage): PlatformMessage {
  const body = text ?? (octets === undefined ? undefined : Buffer.from(octets, 'base64').toString('hex'));
  return { id, content: body === undefined ? undefined : contentOf(to.replace(/^\+/, ''), body), state, isTest: test };
}

function usageOf(row: ReadonlyMap<string, string>): Usage {
  const { id, credits, refunded } = { id: row.get('id'), credits: row.get('credits'), refunded: row.get('refunded') };
  if (id === undefined || credits === undefined || refunded === undefined)
    throw new Refused('/v1/usage: has other columns than this tool knows');
  return { id, charged: microCredits(credits), refunded: microCredits(refunded) };
}

/** Credits come as texts with six places, always. */
function microCredits(credits: string): bigint {
  return BigInt(credits.replace('.', ''));
}

async function bodyOf<Body>(response: Response): Promise<Body> {
  try {
    return (await response.json()) as Body;
  } catch (error) {
    throw brokenOff(response, error);
  }
}

async function* textOf(response: Response): AsyncGenerator<string> {
  try {
    if (response.body) yield* response.body.pipeThrough(new TextDecoderStream());
  } catch (error) {
    throw brokenOff(response, error);
  }
}

function brokenOff({ url }: Response, error: unknown): Unreachable {
  return new Unreachable(`${new URL(url).pathname}: the answer broke off: ${(error as Error).message}`);
}

async function problemOf(response: Response): Promise<string> {
  const { type = '', detail = '' } = (await response.json().catch(() => ({}))) as { type?: string; detail?: string };
  return `${response.status} ${type} ${detail}`.trim();
}
