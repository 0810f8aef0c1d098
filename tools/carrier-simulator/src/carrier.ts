import {
  commandStatus,
  createSession,
  encodePdu,
  getTlv,
  listen,
  tlvTable,
  type PduOf,
  type Reply,
  type RequestPdu,
  type Session,
  type Tlv,
} from '@heliograph/smpp';
import type { Socket } from 'node:net';
import type { Journal } from '@heliograph/checker';
import { createAgenda } from './agenda.ts';
import {
  behavioursByEnding,
  createBehaviours,
  wantsReceipt,
  type BehaviourName,
  type BehaviourOptions,
  type Garbage,
  type Plan,
  type ReceiptPlan,
} from './behaviour.ts';
import { startHttp } from './http.ts';
import { inboundPdus, partsSent, statusOf, type DeliverSm, type InboundRequest, type InboundSent } from './inbound.ts';
import { createInbox, type InboxAlphabet, type InboxCounts, type ReceivedMessage, type TakenSegment } from './inbox.ts';
import { createNotes } from './notes.ts';
import { createReceipts, type ReceiptCounts } from './receipts.ts';

export interface CarrierOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Where to look at what came; without it there is no HTTP. 0 takes any free port. */
  readonly httpPort?: number;
  /** Default `normal`. */
  readonly behaviour?: BehaviourName;
  readonly options?: Partial<BehaviourOptions>;
  /** The last two digits of a destination choose the behaviour of that message (`behavioursByEnding`). */
  readonly byNumber?: boolean;
  /** Who may bind; by default anybody. */
  readonly systemId?: string;
  readonly password?: string;
  /** Silence after which a client is asked for life, ms. Default 30,000; 0 never asks. */
  readonly enquireLinkMs?: number;
  /** What data_coding 0 means here. Default `gsm`. */
  readonly alphabet?: InboxAlphabet;
  /** Unanswered deliver_sm per session. Default 100. */
  readonly receiptWindow?: number;
  /** How long a deliver_sm may stay unanswered, ms. Default 10,000. */
  readonly responseMs?: number;
  /** For `npm run checker`: what arrived here, and the receipts sent. Whoever opened it closes it. */
  readonly journal?: Journal;
  /** What the journal calls this provider. Default `carrier`. */
  readonly name?: string;
}

export interface CarrierStats extends InboxCounts {
  /** submit_sm that came. */
  readonly submits: number;
  /** Segments taken: each is somebody's SMS. */
  readonly accepted: number;
  readonly rejected: number;
  /** By command_status in hex. */
  readonly rejectedBy: Readonly<Record<string, number>>;
  readonly unanswered: number;
  readonly sessions: number;
  readonly binds: number;
  readonly bindsRefused: number;
  readonly receipts: Readonly<ReceiptCounts> & { readonly waiting: number; readonly later: number };
}

/** What there is to see of a carrier, and to forget. */
export interface CarrierView {
  /** Whole messages, newest last; only the newest 10,000 are kept. */
  messages(filter?: { to?: string; limit?: number }): ReceivedMessage[];
  stats(): CarrierStats;
  /** Forgets what came, and the counts of it. */
  clear(): void;
  /** A handset sends it: one part after the other, each once the one before is answered, to whoever is bound to receive. Nothing is sent again. */
  inbound(request: InboundRequest): Promise<InboundSent>;
}

export interface Carrier extends CarrierView {
  readonly port: number;
  readonly httpPort: number | undefined;
  /** From the next submit_sm on; options that are not given are as at the start. */
  behave(behaviour: BehaviourName, options?: Partial<BehaviourOptions>): void;
  /** Ends every connection at once, without unbind. */
  hangUp(): void;
  stop(): Promise<void>;
}

type Counts = { submits: number; accepted: number; rejected: number; rejectedBy: Record<string, number>; unanswered: number };

/** The peer's requests a session holds unanswered: more than any client's window, so that only the client limits itself. */
const receiveWindowMax = 2_000;
const unbindMs = 1_000;

/** An SMPP provider that misbehaves by name. Traffic stays where `host` is: loopback, unless somebody says otherwise. */
export async function startCarrier(options: CarrierOptions = {}): Promise<Carrier> {
  const {
    host = '127.0.0.1',
    byNumber = false,
    alphabet = 'gsm',
    receiptWindow = 100,
    enquireLinkMs = 30_000,
    responseMs = 10_000,
  } = options;
  let behaviours = createBehaviours(options.options);
  const agenda = createAgenda();
  const receipts = createReceipts({ after: agenda.after, now: Date.now });
  const sessions = new Set<Session>();
  const nextId = createIds(Date.now());
  let behaviour = options.behaviour ?? 'normal';
  const notes =
    options.journal === undefined ? undefined : createNotes({ journal: options.journal, provider: options.name ?? 'carrier', alphabet });
  const inboxOptions = { alphabet, ...(notes ? { onWhole: notes.arrived } : {}) };
  let inbox = createInbox(inboxOptions);
  let counts = noCounts();
  let binds = 0;
  let bindsRefused = 0;
  let second = 0;
  let takenThisSecond = 0;
  let reference = 0;

  const listener = await listen({
    host,
    port: options.port ?? 0,
    accept(socket) {
      let submitsOfSession = 0;
      const session: Session = createSession({
        socket,
        role: 'smsc',
        timers: { sessionInitMs: 10_000, enquireLinkMs, inactivityMs: 0, responseMs },
        windowMax: receiptWindow,
        receiveWindowMax,
        onRequest(request, reply) {
          if (request.command === 'submit_sm') onSubmit({ session, socket, pdu: request, reply }, ++submitsOfSession);
          else onOther(session, request, reply);
        },
        onClose() {
          sessions.delete(session);
          receipts.leave(session);
        },
      });
      sessions.add(session);
    },
  });

  function onOther(session: Session, request: RequestPdu, reply: Reply): void {
    if (!isBind(request)) return void reply.error(commandStatus.ESME_RINVCMDID);
    const { systemId, password } = options;
    if ((systemId !== undefined && request.system_id !== systemId) || (password !== undefined && request.password !== password)) {
      bindsRefused++;
      reply.error(commandStatus.ESME_RBINDFAIL);
      return session.close({ code: 'bind_refused' });
    }
    binds++;
    reply.ok({ system_id: 'carrier' });
    receipts.join(session);
  }

  function onSubmit(submitted: Submitted, submitsOfSession: number): void {
    const { pdu, reply } = submitted;
    counts.submits++;
    const nowMs = Date.now();
    const nowSecond = Math.floor(nowMs / 1000);
    if (nowSecond !== second) {
      second = nowSecond;
      takenThisSecond = 0;
    }
    const name = (byNumber && behavioursByEnding.get(pdu.destination_addr.slice(-2))) || behaviour;
    const plan = behaviours[name]({ takenThisSecond, submitsOfSession, submits: counts.submits });
    if (plan.kind === 'refuse' || plan.kind === 'ignore') notes?.notTaken(segmentOf(pdu, '', nowMs));
    if (plan.kind === 'refuse') return refuse(reply, plan.status);
    if (plan.kind === 'ignore') return void counts.unanswered++;
    take({ ...submitted, plan, nowMs });
  }

  function refuse(reply: Reply, status: number): void {
    const hex = `0x${status.toString(16).toUpperCase().padStart(8, '0')}`;
    counts.rejected++;
    counts.rejectedBy[hex] = (counts.rejectedBy[hex] ?? 0) + 1;
    reply.error(status);
  }

  function take({ session, socket, pdu, reply, plan, nowMs }: Submission): void {
    const number = nextId();
    const decimal = number.toString().padStart(17, '0');
    const id = plan.kind === 'take' && plan.id === 'hex' ? number.toString(16) : decimal;
    takenThisSecond++;
    counts.accepted++;
    inbox.take(segmentOf(pdu, id, nowMs));
    const idOf: Record<ReceiptPlan['id'], () => string> = { same: () => id, decimal: () => decimal, foreign: () => `9${nextId()}` };
    for (const receipt of plan.receipts) sendReceipt(session, pdu, receipt, idOf[receipt.id](), nowMs);
    if (plan.kind === 'swallow') return void counts.unanswered++;
    if (plan.kind === 'hang_up') {
      counts.unanswered++;
      session.close({ code: 'dropping' });
    } else if (plan.garbage) {
      reply.ok({ message_id: id });
      // past the session, which writes nothing wrong: after what it has written in this turn
      setImmediate(() => socket.write(garbageOf(plan.garbage as Garbage, pdu.sequence, id)));
    } else if (plan.answerDelayMs === 0) reply.ok({ message_id: id });
    else agenda.after(plan.answerDelayMs, () => reply.ok({ message_id: id }));
  }

  function sendReceipt(session: Session, pdu: PduOf<'submit_sm'>, plan: ReceiptPlan, id: string, nowMs: number): void {
    if (!wantsReceipt(pdu.registered_delivery, plan.state)) return;
    const due = {
      systemId: session.systemId ?? '',
      id,
      state: plan.state,
      source: { ton: pdu.source_addr_ton, npi: pdu.source_addr_npi, addr: pdu.source_addr },
      destination: { ton: pdu.dest_addr_ton, npi: pdu.dest_addr_npi, addr: pdu.destination_addr },
      submittedAtMs: nowMs,
      tries: 0,
    };
    const send = (): void => {
      notes?.receipt(due);
      receipts.send(due);
    };
    if (plan.beforeAnswer) send();
    else agenda.after(plan.delayMs, send);
  }

  async function inbound(request: InboundRequest): Promise<InboundSent> {
    reference = request.reference ?? (reference + 1) & 0xffff;
    const message = { reference, parts: 0, answers: [] as { part: number; status: number | 'timeout' | 'closed' }[] };
    const pdus = inboundPdus(request, { reference, alphabet });
    if (typeof pdus === 'string') return { ok: false, reason: 'refused', detail: pdus };
    const parts = partsSent(request, pdus.length);
    if (!parts) return { ok: false, reason: 'refused', detail: `there are ${pdus.length} parts` };
    for (const part of parts) {
      const session = receiver(request.systemId);
      if (!session && message.answers.length === 0) return { ok: false, reason: 'nobody', detail: 'nobody is bound to receive' };
      const answer = await session?.request(pdus[part - 1] as DeliverSm);
      message.answers.push({ part, status: answer ? statusOf(answer) : 'closed' });
    }
    return { ok: true, ...message, parts: pdus.length };
  }

  /** The one with the most room; a request waits where there is none. */
  function receiver(systemId: string | undefined): Session | undefined {
    return [...sessions]
      .filter((one) => (one.state === 'bound_rx' || one.state === 'bound_trx') && (systemId ?? one.systemId) === one.systemId)
      .reduce<Session | undefined>((best, one) => (best && best.windowFree >= one.windowFree ? best : one), undefined);
  }

  const view: CarrierView = {
    inbound,
    messages: (filter) => inbox.find(filter),
    stats() {
      const waiting = { waiting: receipts.waiting, later: agenda.size };
      return { ...counts, ...inbox.counts, sessions: sessions.size, binds, bindsRefused, receipts: { ...receipts.counts, ...waiting } };
    },
    clear() {
      inbox = createInbox(inboxOptions);
      counts = noCounts();
    },
  };
  const http = options.httpPort === undefined ? undefined : await startHttp({ host, port: options.httpPort, view });

  return {
    ...view,
    port: listener.port,
    httpPort: http?.port,
    behave(name, changed) {
      behaviour = name;
      behaviours = createBehaviours({ ...options.options, ...changed });
    },
    hangUp() {
      for (const session of sessions) session.close({ code: 'hung_up' });
    },
    async stop() {
      await listener.close();
      const leaving = [...sessions].map((session) => session.unbind());
      const late = setTimeout(() => sessions.forEach((session) => session.close()), unbindMs);
      await Promise.all(leaving);
      clearTimeout(late);
      agenda.clear();
      await http?.stop();
    },
  };
}

type Submitted = { session: Session; socket: Socket; pdu: PduOf<'submit_sm'>; reply: Reply };
type Submission = Submitted & { plan: Extract<Plan, { kind: 'take' | 'hang_up' | 'swallow' }>; nowMs: number };

function segmentOf(pdu: PduOf<'submit_sm'>, id: string, atMs: number): TakenSegment {
  return {
    from: pdu.source_addr,
    to: pdu.destination_addr,
    dataCoding: pdu.data_coding,
    udhi: (pdu.esm_class & 0x40) !== 0,
    octets: pdu.short_message.length > 0 ? pdu.short_message : (getTlv(pdu.tlvs, 'message_payload') ?? pdu.short_message),
    ...besideOf(pdu.tlvs),
    id,
    atMs,
  };
}

const tagsOfMessage: ReadonlySet<number> = new Set(
  (['message_payload', 'sar_msg_ref_num', 'sar_total_segments', 'sar_segment_seqnum'] as const).map((name) => tlvTable[name].tag),
);

/** Which part it is, where TLVs say so, and the TLVs that say something else. */
function besideOf(given: readonly Tlv[]): Pick<TakenSegment, 'sar' | 'tlvs'> {
  if (given.length === 0) return {};
  const reference = getTlv(given, 'sar_msg_ref_num');
  const total = getTlv(given, 'sar_total_segments') ?? 0;
  const sequence = getTlv(given, 'sar_segment_seqnum') ?? 0;
  const rest = given.filter(({ tag }) => !tagsOfMessage.has(tag)).map(({ tag, value }) => ({ tag, value: value.toString('hex') }));
  return {
    ...(reference !== undefined && sequence > 0 && sequence <= total ? { sar: { reference, total, sequence } } : {}),
    ...(rest.length > 0 ? { tlvs: rest } : {}),
  };
}

/** A whole PDU, or what no PDU begins with. */
function garbageOf(garbage: Garbage, sequence: number, id: string): Buffer {
  const answer = (number: number): Buffer =>
    Buffer.from(encodePdu({ command: 'submit_sm_resp', status: 0, sequence: number, message_id: id }));
  if (garbage === 'again') return answer(sequence);
  if (garbage === 'unknown_sequence') return answer(0x7ffffff0);
  const header = Buffer.alloc(16);
  header.writeUInt32BE(garbage === 'bad_length' ? 5 : 16, 0);
  header.writeUInt32BE(0x00000abc, 4);
  header.writeUInt32BE(1, 12);
  return header;
}

function noCounts(): Counts {
  return { submits: 0, accepted: 0, rejected: 0, rejectedBy: {}, unanswered: 0 };
}

/**
 * Numbers that no other run gives: seconds since 1970 times a million, counted up. Below 2^53 until 2255, 16 digits in decimal and
 * 13 in hex: too long for a client of 3.3 (8 digits), short for the 65 octets of 3.4 §5.2.23.
 */
function createIds(startedAtMs: number): () => number {
  let last = Math.floor(startedAtMs / 1000) * 1_000_000;
  return () => ++last;
}

function isBind(
  request: RequestPdu,
): request is RequestPdu & { command: 'bind_transceiver' | 'bind_transmitter' | 'bind_receiver'; password: string } {
  return request.command === 'bind_transceiver' || request.command === 'bind_transmitter' || request.command === 'bind_receiver';
}
