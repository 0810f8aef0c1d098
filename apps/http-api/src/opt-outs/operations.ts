import { isDeepStrictEqual } from 'node:util';
import { parseE164 } from '@heliograph/e164';
import type { Queue } from '@heliograph/queue';
import {
  listOptOuts,
  optOutsChanged,
  optOutSender,
  putInboundSettings,
  readInboundSettings,
  sayOptOuts,
  type OptOut,
  type OptOutQuestion,
  type OptOutSaid,
  type RegistryDatabase,
  type RegistryTransaction,
  type RegistryWatch,
} from '@heliograph/registry';
import { notFound, unchanged } from '../control/answers.ts';
import type { RegistryChanges } from '../control/registry-changes.ts';
import type { ApiAnswer, Operations } from '../http/endpoint.ts';
import { problem } from '../http/problem.ts';
import { streamCsv } from '../http/stream.ts';
import type { optOutEndpoints } from './endpoints.ts';
import { readSettings, showOptOut, showSettings, type ShownOptOut } from './show.ts';

export interface OptOutOperationsOptions {
  readonly changes: RegistryChanges;
  readonly registry: Pick<RegistryWatch, 'current'>;
  readonly broadcast: Queue['broadcast'];
  readonly now?: () => number;
}

/** Of a CSV read at once. */
const rowsMax = 10_000;

export function createOptOutOperations(options: OptOutOperationsOptions): Operations<typeof optOutEndpoints> {
  const { changes, registry, broadcast, now = Date.now } = options;

  /** Digits, or undefined: it is no number. */
  function recipientOf(tenant: string, given: string): string | undefined {
    const { defaultCountry = '' } = registry.current.tenants.get(tenant) ?? {};
    // a plus sign in a URL is easily forgotten, or read as a space
    const parsed = [given.trim(), `+${given.trim()}`]
      .map((text) => parseE164(text, defaultCountry === '' ? {} : { defaultCountry }))
      .find(({ ok }) => ok);
    return parsed?.ok ? parsed.number.slice(1) : undefined;
  }

  async function tell(answer: Promise<ApiAnswer>): Promise<ApiAnswer> {
    const given = await answer;
    if (given.ok) broadcast(optOutsChanged, {});
    return given;
  }

  function table(tenant: string, question: Omit<OptOutQuestion, 'limit'>): Promise<ApiAnswer> {
    const fileName = `opt-outs-${tenant}.csv`;
    return changes.look(async (database) => ({
      ok: true,
      streamed: streamCsv({ fileName, columns, pages: pagesOf(database, question) }),
    }));
  }

  return {
    async optOuts({ tenant, query: { sender, recipient, limit, after }, csv = false }) {
      const digits = recipient === undefined ? undefined : recipientOf(tenant, recipient);
      if (recipient !== undefined && digits === undefined) return badRecipient('?recipient');
      const question = {
        tenantId: tenant,
        sender: sender === undefined ? undefined : optOutSender(sender),
        recipient: digits,
        after: after === undefined ? undefined : placeOf(after),
      };
      if (csv) return table(tenant, question);
      return changes.look(async (database) => {
        const rows = await listOptOuts(database, { ...question, limit: limit + 1 });
        const shown = rows.slice(0, limit);
        const last = rows.length > limit ? shown.at(-1) : undefined;
        return { ok: true, body: { optOuts: shown.map(showOptOut), next: last ? `${last.recipient}.${last.sender}` : null } };
      });
    },

    async postOptOut({ tenant, body, ...by }) {
      const given = typeof body.recipient === 'string' ? [body.recipient] : body.recipient;
      const recipients = given.map((one) => recipientOf(tenant, one));
      const wrong = recipients.indexOf(undefined);
      if (wrong >= 0) return badRecipient(typeof body.recipient === 'string' ? '/recipient' : `/recipient/${wrong}`);
      const sender = optOutSender(body.sender);
      const at = new Date(now());
      const said = [...new Set(recipients as string[])].map((recipient): OptOutSaid => ({
        tenantId: tenant,
        sender,
        recipient,
        state: 'out',
        via: 'api',
        at,
      }));
      return tell(
        changes.make(by, async (transaction) => {
          const changed = await sayOptOuts(transaction, said);
          const there = await asStored(transaction, said);
          return {
            result: { ok: true, body: { optOuts: there.map(showOptOut) } },
            changes: said.filter((_, i) => changed[i]).map((one) => recorded('created', one)),
          };
        }),
      );
    },

    async deleteOptOut({ tenant, params, query, ...by }) {
      const recipient = recipientOf(tenant, params.recipient ?? '');
      if (recipient === undefined) return badRecipient('{recipient}');
      const sender = query.sender === undefined ? undefined : optOutSender(query.sender);
      return tell(
        changes.make(by, async (transaction) => {
          const there = await listOptOuts(transaction, { tenantId: tenant, recipient, sender, limit: rowsMax });
          if (there.length === 0) return unchanged(noOptOut);
          const at = new Date(now());
          await sayOptOuts(
            transaction,
            there.map((one) => ({ ...one, state: 'in', via: 'api', at })),
          );
          return { result: { ok: true }, changes: there.map((one) => recorded('deleted', one)) };
        }),
      );
    },

    inboundSettings: ({ tenant: id }) =>
      changes.look(async (database) => {
        const row = await database.tenant.findUnique({ where: { id }, select: { inbound: true } });
        return row ? { ok: true, body: showSettings(readInboundSettings(row.inbound)) } : notFound('tenant');
      }),

    putInboundSettings: ({ tenant: id, body, ...by }) =>
      changes.make(by, async (transaction) => {
        const row = await transaction.tenant.findUnique({ where: { id }, select: { inbound: true } });
        if (!row) return unchanged(notFound('tenant'));
        const before = readInboundSettings(row.inbound);
        const after = readSettings(body);
        const result = { ok: true, body: showSettings(after) } as const;
        if (isDeepStrictEqual(before, after)) return unchanged(result);
        await putInboundSettings(transaction, id, after);
        const shown = { before: showSettings(before), after: showSettings(after) };
        return { result, changes: [{ tenantId: id, action: 'inbound_settings.changed', subject: id, ...shown }] };
      }),
  };
}

/** In the order in which they were said: who was out before keeps how that came. */
async function asStored(transaction: RegistryTransaction, said: readonly OptOutSaid[]): Promise<OptOut[]> {
  const [{ tenantId, sender } = { tenantId: '', sender: '' }] = said;
  const rows = await transaction.optOut.findMany({
    where: { tenantId, sender, recipient: { in: said.map(({ recipient }) => recipient) } },
  });
  const byRecipient = new Map(rows.map((row) => [row.recipient, row as OptOut]));
  return said.map((one) => byRecipient.get(one.recipient) ?? one);
}

function recorded(done: 'created' | 'deleted', { tenantId, sender, recipient, via, at }: OptOut) {
  const state = showOptOut({ sender, recipient, via, at });
  return {
    tenantId,
    action: `opt_out.${done}`,
    subject: `+${recipient}`,
    ...(done === 'created' ? { after: state } : { before: state }),
  } as const;
}

async function* pagesOf(database: RegistryDatabase, question: Omit<OptOutQuestion, 'limit'>): AsyncGenerator<readonly ShownOptOut[]> {
  for (let { after } = question; ;) {
    const rows = await listOptOuts(database, { ...question, after, limit: rowsMax });
    yield rows.map(showOptOut);
    if (rows.length < rowsMax) return;
    after = rows.at(-1);
  }
}

const columns = (['recipient', 'sender', 'via', 'at'] as const).map((name) => ({ name, of: (row: ShownOptOut) => row[name] }));

function placeOf(cursor: string): Pick<OptOut, 'sender' | 'recipient'> {
  const dot = cursor.indexOf('.');
  return { recipient: cursor.slice(0, dot), sender: cursor.slice(dot + 1) };
}

function badRecipient(field: string): ApiAnswer {
  const detail = 'it is not an international number of 7 to 15 digits';
  return { ok: false, problem: problem('bad_number', detail, [{ field, message: detail }]) };
}

const noOptOut: ApiAnswer = { ok: false, problem: problem('not_found', 'they have stopped nothing') };
