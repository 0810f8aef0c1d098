import type { Accept, Acceptance, Cancel, Replace, Submission, Throttle } from '@heliograph/accept';
import { historySubjects, newId, newShortId, type MessageAnswer, type MessageQuestion } from '@heliograph/message';
import type { Asking } from '@heliograph/queue';
import type { RegistryWatch } from '@heliograph/registry';
import { counter } from '@heliograph/service';
import { commandStatus, INTERFACE_VERSION_3_4, type PduOf, type Reply, type RequestPdu, type Session } from '@heliograph/smpp';
import { isOfOne, statusOfCancel } from './cancel.ts';
import { answerOfQuery, isSentFrom } from './query.ts';
import { statusOf } from './refusal.ts';
import { readReplace, statusOfReplace } from './replace.ts';
import { answerOfMulti, readSubmitMulti } from './submit-multi.ts';
import { readData, readSubmit, type Read, type ReadFacts } from './submit.ts';

/** What bound clients ask for, but for the session itself. */
export interface Requests {
  /** Answers the request, now or later; never rejects but for a bug. */
  serve(request: RequestPdu, reply: Reply, from: Requester): void | Promise<void>;
}

export interface Requester {
  /** It was bound with this. */
  readonly credential: string;
  readonly session: Pick<Session, 'interfaceVersion'>;
  /** The session's own. */
  readonly throttle: Throttle;
}

export interface RequestsOptions {
  readonly accept: Pick<Accept, 'submit'>;
  readonly cancel: Cancel['cancel'];
  readonly replace: Replace['replace'];
  readonly registry: Pick<RegistryWatch, 'current'>;
  readonly asking: Pick<Asking, 'ask'>;
  /** command_status for a message that the balance does not cover. */
  readonly noCreditStatus: number;
}

const submits = counter('heliograph_smpp_ingress_submits_total', 'Messages of submit_sm, submit_multi and data_sm by outcome');
const accepted = { outcome: 'accepted' };

/** message-log waits up to 2 s for a message that was accepted a moment ago. */
const queryTimeoutMs = 5_000;

export function createRequests({ accept, cancel, replace, registry, asking, noCreditStatus }: RequestsOptions): Requests {
  function serve(request: RequestPdu, reply: Reply, from: Requester): void | Promise<void> {
    switch (request.command) {
      case 'submit_sm':
        return submit(readSubmit(request, factsOf(from)), reply, from);
      case 'data_sm':
        return submit(readData(request, factsOf(from)), reply, from);
      case 'submit_multi':
        return submitMulti(request, reply, from);
      case 'query_sm':
        return query(request, reply, from);
      case 'cancel_sm':
        return cancelOne(request, reply, from);
      case 'replace_sm':
        return replaceOne(request, reply, from);
      default:
        return void reply.error(commandStatus.ESME_RINVCMDID);
    }
  }

  function factsOf({ credential }: Requester): ReadFacts {
    const defaultAlphabet = registry.current.credentials.get(credential)?.defaultAlphabet ?? 'gsm';
    return { credential, defaultAlphabet, now: new Date() };
  }

  async function submit(read: Read<Submission>, reply: Reply, { session, throttle }: Requester): Promise<void> {
    if (!read.ok) return refuse(read.status, reply);
    const shortId = isBefore34(session) ? newShortId() : undefined;
    const acceptance = await accept.submit(shortId === undefined ? read.submission : { ...read.submission, receiptId: shortId }, throttle);
    if (!acceptance.ok) return refuse(statusOfRefusal(acceptance), reply);
    submits.add(1, accepted);
    reply.ok({ message_id: shortId ?? acceptance.id });
  }

  async function submitMulti(request: PduOf<'submit_multi'>, reply: Reply, from: Requester): Promise<void> {
    const receiptId = isBefore34(from.session) ? newShortId() : newId();
    const read = readSubmitMulti(request, receiptId, factsOf(from));
    if (!read.ok) return refuse(read.status, reply);
    const acceptances = await Promise.all(read.submission.submissions.map((submission) => accept.submit(submission, from.throttle)));
    const answer = answerOfMulti(read.submission, acceptances, receiptId, statusOfRefusal);
    for (const { error_status_code } of read.submission.refused) submits.add(1, { outcome: error_status_code });
    for (const acceptance of acceptances) submits.add(1, acceptance.ok ? accepted : { outcome: statusOfRefusal(acceptance) });
    if (answer.ok) reply.ok(answer.fields);
    else reply.error(answer.status);
  }

  async function query(request: PduOf<'query_sm'>, reply: Reply, { credential }: Requester): Promise<void> {
    const tenant = registry.current.credentials.get(credential)?.tenantId;
    if (tenant === undefined) return void reply.error(commandStatus.ESME_RQUERYFAIL);
    const question: MessageQuestion = { tenant, id: request.message_id };
    const history = await asking.ask<MessageAnswer>(historySubjects.get, question, queryTimeoutMs);
    // nobody knows: not the same as no such message
    if (!history) return void reply.error(commandStatus.ESME_RSYSERR);
    const answer = answerOfQuery(request, history.message);
    if (answer.ok) reply.ok(answer.fields);
    else reply.error(answer.status);
  }

  async function cancelOne(request: PduOf<'cancel_sm'>, reply: Reply, { credential }: Requester): Promise<void> {
    const { message_id } = request;
    const tenant = registry.current.credentials.get(credential)?.tenantId;
    if (tenant === undefined || message_id === '') return void reply.error(commandStatus.ESME_RCANCELFAIL);
    // SMPP 3.4 §4.9.1: the source address is part of what is looked for
    const { kind } = await cancel(
      { tenant, id: message_id },
      (message) => isOfOne(message_id, message) && isSentFrom(request, message.from),
    );
    const status = statusOfCancel[kind];
    if (status === commandStatus.ESME_ROK) reply.ok();
    else reply.error(status);
  }

  async function replaceOne(request: PduOf<'replace_sm'>, reply: Reply, from: Requester): Promise<void> {
    const { message_id } = request;
    const tenant = registry.current.credentials.get(from.credential)?.tenantId;
    if (tenant === undefined || message_id === '') return void reply.error(commandStatus.ESME_RREPLACEFAIL);
    const facts = factsOf(from);
    // SMPP 3.4 §4.10.1: the source address must be that of the original
    const replaced = await replace(
      { tenant, id: message_id },
      (original) => readReplace(request, original, facts),
      (message) => isOfOne(message_id, message) && isSentFrom(request, message.from),
    );
    const status = statusOfReplace(replaced, noCreditStatus);
    if (status === commandStatus.ESME_ROK) reply.ok();
    else reply.error(status);
  }

  function statusOfRefusal({ reason }: Extract<Acceptance, { ok: false }>): number {
    return statusOf(reason, noCreditStatus);
  }

  return { serve };
}

function refuse(status: number, reply: Reply): void {
  submits.add(1, { outcome: status });
  reply.error(status);
}

/** SMPP 3.4 §5.2.4: such a client can hold a message_id of 8 octets and is sent no optional parameters. */
function isBefore34({ interfaceVersion = 0 }: Requester['session']): boolean {
  return interfaceVersion < INTERFACE_VERSION_3_4;
}
