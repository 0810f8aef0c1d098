import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { ApiAnswer, Operations } from '../../http/endpoint.ts';
import { problem } from '../../http/problem.ts';
import { unchanged } from '../answers.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { numberRangeEndpoints } from './endpoints.ts';
import { rangePrefix, type numberRange } from './schema.ts';

export function createNumberRangeOperations({ changes }: { readonly changes: RegistryChanges }): Operations<typeof numberRangeEndpoints> {
  return {
    numberRanges: ({ query: { limit, after } }) =>
      changes.look(async (database) => {
        const rows = await database.numberRange.findMany({
          where: { prefix: { gt: after ?? '' } },
          orderBy: { prefix: 'asc' },
          take: limit + 1,
        });
        const shown = rows.slice(0, limit);
        return {
          ok: true,
          body: { numberRanges: shown.map(showRange), next: rows.length > limit ? (shown.at(-1)?.prefix ?? null) : null },
        };
      }),
    async putNumberRange({ params, body, ...by }) {
      const prefix = rangePrefix.safeParse(params.prefix).data;
      if (prefix === undefined) return badPrefix;
      return changes.make(by, async (transaction) => {
        const before = await transaction.numberRange.findUnique({ where: { prefix } });
        const after = showRange({ prefix, ...body });
        const result: ApiAnswer = { ok: true, body: after, ...(before ? {} : { location: `/v1/number-ranges/${prefix}` }) };
        if (before && isDeepStrictEqual(showRange(before), after)) return unchanged(result);
        await transaction.numberRange.upsert({ where: { prefix }, create: after, update: after });
        const action = before ? 'number_range.changed' : 'number_range.created';
        return { result, changes: [{ tenantId: '', action, subject: prefix, before: before ?? undefined, after }] };
      });
    },
    async deleteNumberRange({ params, ...by }) {
      const prefix = rangePrefix.safeParse(params.prefix).data;
      if (prefix === undefined) return badPrefix;
      return changes.make(by, async (transaction) => {
        const before = await transaction.numberRange.findUnique({ where: { prefix } });
        if (!before) return unchanged(notThere);
        await transaction.numberRange.delete({ where: { prefix } });
        return { result: { ok: true }, changes: [{ tenantId: '', action: 'number_range.deleted', subject: prefix, before }] };
      });
    },
  };
}

function showRange({ prefix, mcc, mnc }: z.infer<typeof numberRange>): z.infer<typeof numberRange> {
  return { prefix, mcc, mnc };
}

const badPrefix: ApiAnswer = {
  ok: false,
  problem: problem('invalid', 'the prefix does not fit', [{ field: '{prefix}', message: 'must be 1 to 15 digits, without a plus sign' }]),
};

const notThere: ApiAnswer = { ok: false, problem: problem('not_found', 'there is no number range with this prefix') };
