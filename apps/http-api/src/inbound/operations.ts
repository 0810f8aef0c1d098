import {
  historySubjects,
  inboundMatchAgain,
  isId,
  type InboundAnswer,
  type InboundListAnswer,
  type InboundListQuestion,
  type InboundMessage,
  type InboundQuestion,
  type LoggedInbound,
  type MatchAgainAnswer,
  type MatchAgainQuestion,
} from '@heliograph/message';
import type { RegistryChanges } from '../control/registry-changes.ts';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../http/ask.ts';
import type { ApiAnswer, Operations } from '../http/endpoint.ts';
import { problem } from '../http/problem.ts';
import type { inboundEndpoints } from './endpoints.ts';
import { showInbound } from './show.ts';

export interface InboundOperationsOptions {
  readonly asking: Asking;
  readonly changes: RegistryChanges;
}

export function createInboundOperations({ asking, changes }: InboundOperationsOptions): Operations<typeof inboundEndpoints> {
  /** `tenant` empty: whosever it is. */
  const find = (tenant: string, id: string) =>
    asking.ask<InboundAnswer>(
      historySubjects.inboundOne,
      { id, ...(tenant === '' ? {} : { tenant }) } satisfies InboundQuestion,
      askTimeoutMs,
    );

  return {
    async inbound({ caller, tenant, query: { limit, before, after, from, to, since, unmatched } }) {
      const ofNobody = unmatched === 'true';
      if (ofNobody && caller.tenant !== '') return operatorsOnly;
      if (ofNobody && after !== undefined) return onlyListed;
      if (!ofNobody && tenant === '') return tenantNeeded;
      const question: InboundListQuestion = {
        limit,
        ...(ofNobody ? {} : { tenant }),
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after: after === '0' ? '0-0' : after }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(since === undefined ? {} : { sinceMs: Date.parse(since) }),
      };
      const answer = await asking.ask<InboundListAnswer>(historySubjects.inbound, question, askTimeoutMs);
      if (!answer) return nobodyAnswers;
      const { messages, next = null, more = after === undefined && next !== null } = answer;
      return { ok: true, body: { messages: messages.map((one) => showInbound(one, caller.tenant === '')), next, more } };
    },
    async inboundMessage({ caller, tenant, params: { id = '' } }) {
      if (!isId(id)) return notFound;
      const answer = await find(tenant, id);
      if (!answer) return nobodyAnswers;
      return answer.inbound ? { ok: true, body: showInbound(answer.inbound, caller.tenant === '') } : notFound;
    },
    async matchInbound({ tenant, params: { id = '' }, ...by }) {
      if (!isId(id)) return notFound;
      const found = await find(tenant, id);
      if (!found) return nobodyAnswers;
      if (!found.inbound) return notFound;
      if (found.inbound.tenant !== undefined) return { ok: true, body: { id, outcome: 'matched', tenant: found.inbound.tenant } };
      // on record first: there is never one of which nobody knows who asked for it
      const recorded = await changes.make(by, async () => ({
        result: { ok: true },
        changes: [{ tenantId: '', action: 'inbound.match_asked', subject: id }],
      }));
      if (!recorded.ok) return recorded;
      const question: MatchAgainQuestion = { inbound: asReceived(found.inbound) };
      const answer = await asking.ask<MatchAgainAnswer>(inboundMatchAgain, question, askTimeoutMs);
      if (!answer) return nobodyAnswers;
      return { ok: true, body: { id, ...(answer.tenant === undefined ? { outcome: 'unmatched' } : { outcome: 'matched', ...answer }) } };
    },
  };
}

function asReceived({ id, connector, from, to, content, receivedAtMs, parts, missing, late }: LoggedInbound): InboundMessage {
  return {
    id,
    connector,
    from,
    to,
    content,
    receivedAtMs,
    parts,
    ...(missing === undefined ? {} : { missing }),
    ...(late === undefined ? {} : { late }),
  };
}

const notFound: ApiAnswer = { ok: false, problem: problem('not_found', 'there is no message from a handset with this id') };
const operatorsOnly: ApiAnswer = { ok: false, problem: problem('not_permitted', "what is nobody's is for operators") };
const onlyListed: ApiAnswer = {
  ok: false,
  problem: problem('invalid', 'the query does not fit', [{ field: '?after', message: 'does not go with unmatched=true' }]),
};
const tenantNeeded: ApiAnswer = {
  ok: false,
  problem: problem('tenant_needed', "name it in Heliograph-Tenant, or ask with unmatched=true for what is nobody's"),
};
