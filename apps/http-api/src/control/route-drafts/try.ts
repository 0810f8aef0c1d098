import type { RecordedMessage } from '@heliograph/message';
import type { RouteDecision, RouteFacts, RouteQuery, RouteTable } from '@heliograph/routing';
import type { z } from 'zod';
import { creditsText } from '../../credits/credits.ts';
import type { tried } from './schema.ts';

const samplesMax = 20;
/** Of the recipient's number. */
const digitsShown = 4;

export type Tried = Omit<z.infer<typeof tried>, 'facts'>;

/** Both tables, and what decisions are made from. */
export interface Compared {
  readonly before: RouteTable;
  readonly after: RouteTable;
  readonly facts: RouteFacts;
  /** Unix ms, for prices. */
  readonly nowMs: number;
}

export interface Trial {
  add(messages: readonly RecordedMessage[]): void;
  readonly result: Tried;
}

/** What messages would do by one table and by another. */
export function createTrial({ before, after, facts, nowMs }: Compared): Trial {
  let [messages, changed] = [0, 0];
  const unroutable = { before: 0, after: 0 };
  const cost = { before: 0n, after: 0n };
  const moves = new Map<string, Move>();
  const samples: Tried['samples'] = [];
  // windows of time are those of the message, but nobody pays the prices of then any more
  const now: RouteFacts = { ...facts, buyPrice: (connector, digits) => facts.buyPrice(connector, digits, nowMs) };

  function compare(message: RecordedMessage): void {
    const query = queryOf(message);
    const endBy = (table: RouteTable): End =>
      endOf(table.decide(query, now), (connector) => facts.buyPrice(connector, query.digits, nowMs));
    const [from, to] = [endBy(before), endBy(after)];
    messages++;
    unroutable.before += Number(from.connector === null);
    unroutable.after += Number(to.connector === null);
    cost.before += from.perSegment * BigInt(message.segments);
    cost.after += to.perSegment * BigInt(message.segments);
    if (from.connector === to.connector) return;
    changed++;
    const key = `${from.connector} ${to.connector}`;
    const move = moves.get(key) ?? { from: from.connector, to: to.connector, messages: 0 };
    moves.set(key, { ...move, messages: move.messages + 1 });
    if (samples.length < samplesMax) samples.push(sampleOf(message, from, to));
  }

  return {
    add: (some) => some.forEach(compare),
    get result() {
      return {
        messages,
        changed,
        unroutable: { ...unroutable },
        moves: [...moves.values()].sort((a, b) => b.messages - a.messages),
        cost: { before: creditsText(cost.before), after: creditsText(cost.after) },
        samples: [...samples],
      };
    },
  };
}

type Move = Tried['moves'][number];

interface End {
  readonly rule: string | null;
  readonly connector: string | null;
  readonly perSegment: bigint;
}

function endOf(decision: RouteDecision, priceOf: (connector: string) => bigint | undefined): End {
  if (!decision.ok) return { rule: decision.rule ?? null, connector: null, perSegment: 0n };
  return { rule: decision.rule, connector: decision.connector, perSegment: priceOf(decision.connector) ?? 0n };
}

function queryOf({ id, tenant, from, to, class: of, text, segments, microCredits, acceptedAtMs }: RecordedMessage): RouteQuery {
  return {
    messageId: id,
    tenant,
    from,
    digits: to.slice(1),
    class: of,
    ...(text === undefined ? {} : { text }),
    segments,
    chargeMicroCredits: BigInt(microCredits),
    nowMs: acceptedAtMs,
  };
}

function sampleOf({ id, tenant, to }: RecordedMessage, from: End, after: End): Tried['samples'][number] {
  const masked = `${'*'.repeat(Math.max(0, to.length - digitsShown))}${to.slice(-digitsShown)}`;
  return { id, tenant, to: masked, fromRoute: from.rule, toRoute: after.rule, fromConnector: from.connector, toConnector: after.connector };
}
