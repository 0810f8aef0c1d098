import { parseE164, parseSender, type Sender } from '@heliograph/e164';
import { newId } from '@heliograph/message';
import {
  readDraftChanges,
  readRules,
  routeVersion,
  withChanges,
  type RegistryDatabase,
  type RegistryWatch,
  type Snapshot,
} from '@heliograph/registry';
import { allowedSenders, type ExplainedRule, type RouteExplanation, type RouteQuery, type RouteTable } from '@heliograph/routing';
import type { z } from 'zod';
import { creditsText } from '../../credits/credits.ts';
import type { Asking } from '../../http/ask.ts';
import type { ApiAnswer, ApiRequest } from '../../http/endpoint.ts';
import { unknownReference, wrong } from '../answers.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { explainPost, explanation } from './explain-schema.ts';
import { askFacts, factsOf } from './facts.ts';
import { compileStored } from './table.ts';

export interface ExplainOptions {
  readonly changes: Pick<RegistryChanges, 'look'>;
  readonly asking: Asking;
  readonly registry: Pick<RegistryWatch, 'current'>;
  readonly now?: () => number;
}

type Asked = z.output<typeof explainPost>;

export function createExplain({ changes, asking, registry, now = Date.now }: ExplainOptions) {
  return async ({ body }: Pick<ApiRequest<unknown, Asked>, 'body'>): Promise<ApiAnswer> => {
    const snapshot = registry.current;
    const read = queryOf(body, snapshot, now());
    if (!read.ok) return read;
    const { query } = read;
    const known = await askFacts(asking);
    return changes.look(async (database) => {
      const table = await tableOf(database, body, snapshot);
      if ('ok' in table) return table;
      const explained = table.explain(query, factsOf(snapshot, known));
      const allowed = allowedSenders(snapshot.tenants.get(body.tenant)?.senders ?? []);
      const shown: z.infer<typeof explanation> = {
        version: table.version,
        to: `+${query.digits}`,
        messageId: query.messageId,
        network: networkOf(snapshot, query.digits),
        senderAllowed: allowed?.has(query.from.addr) ?? true,
        facts: known ? 'known' : 'unknown',
        decision: showDecision(explained.decision, (connector) => snapshot.buyPrice(connector, query.digits, query.nowMs)),
        routes: explained.rules.map(showRule),
        routesLeftOut: explained.rulesLeftOut,
      };
      return { ok: true, body: shown };
    });
  };
}

function queryOf(
  body: Asked,
  snapshot: Snapshot,
  nowMs: number,
): { readonly ok: true; readonly query: RouteQuery } | Extract<ApiAnswer, { ok: false }> {
  const tenant = snapshot.tenants.get(body.tenant);
  if (!tenant) return refused(unknownReference('/tenant', 'there is no tenant with this id'));
  const to = parseE164(body.to, tenant.defaultCountry === '' ? {} : { defaultCountry: tenant.defaultCountry });
  if (!to.ok) return refused(wrong([{ field: '/to', message: 'is not an international number of 7 to 15 digits' }]));
  const from = senderOf(body.from);
  if (!from)
    return refused(
      wrong([{ field: '/from', message: 'is neither a number, a short code of 3 to 6 digits nor a name of at most 11 characters' }]),
    );
  const query = {
    messageId: body.messageId ?? newId(),
    tenant: body.tenant,
    from,
    digits: to.number.slice(1),
    class: body.class,
    ...(body.text === undefined ? {} : { text: body.text }),
    segments: 1,
    nowMs: body.at === undefined ? nowMs : Date.parse(body.at),
  };
  return { ok: true, query };
}

function refused(answer: ApiAnswer): Extract<ApiAnswer, { ok: false }> {
  return answer as Extract<ApiAnswer, { ok: false }>;
}

function senderOf(text = ''): Sender | undefined {
  if (text === '') return { addr: '', ton: 0, npi: 0 };
  const parsed = parseSender(text);
  return parsed.ok ? parsed.sender : undefined;
}

/** The table that is asked for, or why there is none. */
async function tableOf(
  database: RegistryDatabase,
  { version, draft: id = '' }: Asked,
  { routes }: Snapshot,
): Promise<RouteTable | ApiAnswer> {
  if (version === undefined && id === '') return routes;
  const published = await routeVersion(database);
  if (version !== undefined) {
    if (BigInt(version) > published) return unknownReference('/version', 'there is no such version of the route table');
    return compileStored(await readRules(database, { version: BigInt(version) }), version);
  }
  const draft = await database.routeDraft.findUnique({ where: { id } });
  if (!draft) return unknownReference('/draft', 'there is no route draft with this id');
  return compileStored(withChanges(await readRules(database), await readDraftChanges(database, draft)), Number(published));
}

function networkOf(snapshot: Snapshot, digits: string): { mcc: string; mnc: string } | null {
  const found = snapshot.network(digits);
  return found ? { mcc: found.mcc, mnc: found.mnc } : null;
}

type Shown = z.infer<typeof explanation>;

function showDecision(decision: RouteExplanation['decision'], priceOf: (connector: string) => bigint | undefined): Shown['decision'] {
  if (!decision.ok) return { route: decision.rule ?? null, connector: null, reason: decision.reason };
  const { rule, connector, sender } = decision;
  return { route: rule, connector, ...(sender ? { sender: sender.addr } : {}), credits: creditsOf(priceOf(connector)) };
}

function showRule({ id, rank, note = '', outcome, filter, targets = [] }: ExplainedRule): Shown['routes'][number] {
  return {
    route: id,
    rank,
    note,
    outcome,
    filter: filter ?? null,
    targets: targets.map(({ connector, chosen, eligible, faults, tier, weight, mode = null, sender, buyPerSegment, quality = null }) => ({
      connector,
      chosen,
      eligible,
      faults: [...faults],
      tier,
      weight,
      mode,
      sender: sender.addr,
      credits: creditsOf(buyPerSegment),
      quality,
    })),
  };
}

function creditsOf(microCredits: bigint | undefined): string | null {
  return microCredits === undefined ? null : creditsText(microCredits);
}
