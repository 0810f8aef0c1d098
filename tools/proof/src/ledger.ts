/** The part of Heliograph's API that shows the ledger, to an operator. Amounts are credits with six places. */
export interface LedgerProof {
  readonly tenants: readonly ProvenTenant[];
  /** Those that are open. */
  readonly differences: readonly Difference[];
  /** RFC 3339; null: not since billing-credits started. */
  readonly comparedAt: string | null;
}

export interface ProvenTenant {
  readonly tenant: string;
  readonly funds: string;
  readonly balance: string;
  readonly leased: string;
  readonly charged: string;
  readonly refunded: string;
  readonly holds: boolean;
}

export interface Difference {
  readonly id: string;
  readonly kind: string;
  readonly tenant: string;
  readonly subject: string;
  readonly unit: string;
  readonly expected: string;
  readonly found: string;
  readonly samples: readonly string[];
  readonly foundAt: string;
}

/** An answer that was not wished for, or none; the message is for people and has no secret. */
export class NotShown extends Error {}

const pageSize = 100;
const requestMsMax = 30_000;
const triesMax = 5;

/** `url` of http-api, `key` of an operator. Rejects with NotShown. */
export async function readLedger({ url, key }: { url: string; key: string }): Promise<LedgerProof> {
  const tenants: ProvenTenant[] = [];
  let comparedAt: string | null = null;
  for (let after: string | null = ''; after !== null;) {
    const from: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
    const page = await read<{ tenants: ProvenTenant[]; next: string | null; comparedAt: string | null }>(
      { url, key },
      `/v1/proof?limit=${pageSize}${from}`,
    );
    tenants.push(...page.tenants);
    ({ next: after, comparedAt } = page);
  }
  const differences: Difference[] = [];
  for (let before: string | null = ''; before !== null;) {
    const from: string = before === '' ? '' : `&before=${before}`;
    const page = await read<{ differences: Difference[]; next: string | null }>(
      { url, key },
      `/v1/differences?open=true&limit=${pageSize}${from}`,
    );
    differences.push(...page.differences);
    before = page.next;
  }
  return { tenants, differences, comparedAt };
}

async function read<Page>({ url, key }: { url: string; key: string }, path: string): Promise<Page> {
  for (let tried = 1; ; tried++) {
    const response = await reach(new URL(path, url), {
      headers: { authorization: `Bearer ${key}` },
      // the key must not follow a redirect
      redirect: 'error',
      signal: AbortSignal.timeout(requestMsMax),
    });
    if (response.ok) return (await response.json()) as Page;
    if (![429, 503].includes(response.status) || tried === triesMax) throw new NotShown(`${path}: ${await problemOf(response)}`);
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, 1_000 * Math.min(Number(response.headers.get('retry-after') ?? 1), 10)));
  }
}

async function problemOf(response: Response): Promise<string> {
  const { type = '', detail = '' } = (await response.json().catch(() => ({}))) as { type?: string; detail?: string };
  return `${response.status} ${type} ${detail}`.trim();
}

/** fetch rejects for one reason only, a request that got no answer, and says why in its cause. */
async function reach(url: URL, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, request);
  } catch (error) {
    const { message, cause } = error as Error;
    throw new NotShown(`${url.origin} does not answer: ${(cause as Error | undefined)?.message ?? message}`);
  }
}
