import { createControlPlane, Refused, type ControlPlane } from '@heliograph/operator-command';

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

const pageSize = 100;

/** `url` of http-api, `key` of an operator. Rejects with Refused or Unreachable. */
export async function readLedger({ url, key }: { url: string; key: string }): Promise<LedgerProof> {
  const controlPlane = createControlPlane({ url, key });
  const tenants: ProvenTenant[] = [];
  let comparedAt: string | null = null;
  for (let after: string | null = ''; after !== null;) {
    const from: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
    const page = await read<{ tenants: ProvenTenant[]; next: string | null; comparedAt: string | null }>(
      controlPlane,
      `/v1/proof?limit=${pageSize}${from}`,
    );
    tenants.push(...page.tenants);
    ({ next: after, comparedAt } = page);
  }
  const differences: Difference[] = [];
  for (let before: string | null = ''; before !== null;) {
    const from: string = before === '' ? '' : `&before=${before}`;
    const page = await read<{ differences: Difference[]; next: string | null }>(
      controlPlane,
      `/v1/differences?open=true&limit=${pageSize}${from}`,
    );
    differences.push(...page.differences);
    before = page.next;
  }
  return { tenants, differences, comparedAt };
}

async function read<Page>(controlPlane: ControlPlane, path: string): Promise<Page> {
  const response = await controlPlane.ask('GET', path);
  if (!response.ok) throw new Refused(`${path}: ${await problemOf(response)}`);
  return (await response.json()) as Page;
}

async function problemOf(response: Response): Promise<string> {
  const { type = '', detail = '' } = (await response.json().catch(() => ({}))) as { type?: string; detail?: string };
  return `${response.status} ${type} ${detail}`.trim();
}
