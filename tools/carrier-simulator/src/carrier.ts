import {
  commandStatus,
  createSession,
  getTlv,
  listen,
  tlvTable,
  type PduOf,
  type Reply,
  type RequestPdu,
  type Session,
  type Tlv,
} from '@heliograph/smpp';
import { createAgenda } from './agenda.ts';
import {
  behavioursByEnding,
  createBehaviours,
  wantsReceipt,
  type BehaviourName,
  type BehaviourOptions,
  type Plan,
  type ReceiptPlan,
} from './behaviour.ts';
import { startHttp } from './http.ts';
import { inboundPdus, partsSent, statusOf, type DeliverSm, type InboundRequest, type InboundSent } from './inbound.ts';
import { createInbox, type InboxAlphabet, type InboxCounts, type ReceivedMessage, type TakenSegment } from './inbox.ts';
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
  /** From the next submit_sm on. */
  behave(behaviour: BehaviourName): void;
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
  const behaviours = createBehaviours(options.options);
  const agenda = createAgenda();
  const receipts = createReceipts({ after: agenda.after, now: Date.now });
  const sessions = new Set<Session>();
  const nextId = createIds(Date.now());
  let behaviour = options.behaviour ?? 'normal';
  let inbox = createInbox({ alphabet });
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
          if (request.command === 'submit_sm') onSubmit(session, request, reply, ++submitsOfSession);
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

  function onSubmit(session: Session, pdu: PduOf<'submit_sm'>, reply: Reply, submitsOfSession: number): void {
    counts.submits++;
    const nowMs = Date.now();
    const nowSecond = Math.floor(nowMs / 1000);
    if (nowSecond !== second) {
      second = nowSecond;
      takenThisSecond = 0;
    }
    const name = (byNumber && behavioursByEnding.get(pdu.destination_addr.slice(-2))) || behaviour;
    const plan = behaviours[name]({ takenThisSecond, submitsOfSession, submits: counts.submits });
    if (plan.kind === 'refuse') return refuse(reply, plan.status);
    if (plan.kind === 'ignore') return void counts.unanswered++;
    take({ session, pdu, reply, plan, nowMs });
  }

  function refuse(reply: Reply, status: number): void {
    const hex = `0x${status.toString(16).toUpperCase().padStart(8, '0')}`;
    counts.rejected++;
    counts.rejectedBy[hex] = (counts.rejectedBy[hex] ?? 0) + 1;
    reply.error(status);
  }

  function take({ session, pdu, reply, plan, nowMs }: Submission): void {
    const number = nextId();
    const decimal = number.toString().padStart(17, '0');
    const id = plan.kind === 'take' && plan.id === 'hex' ? number.toString(16) : decimal;
    takenThisSecond++;
    counts.accepted++;
    inbox.take({
      from: pdu.source_addr,
      to: pdu.destination_addr,
      dataCoding: pdu.data_coding,
      udhi: (pdu.esm_class & 0x40) !== 0,
      octets: pdu.short_message.length > 0 ? pdu.short_message : (getTlv(pdu.tlvs, 'message_payload') ?? pdu.short_message),
      ...besideOf(pdu.tlvs),
      id,
      atMs: nowMs,
    });
    for (const receipt of plan.receipts) sendReceipt(session, pdu, receipt, receipt.id === 'decimal' ? decimal : id, nowMs);
    if (plan.kind === 'hang_up') {
      counts.unanswered++;
      session.close({ code: 'dropping' });
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
    if (plan.beforeAnswer) receipts.send(due);
    else agenda.after(plan.delayMs, () => receipts.send(due));
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
      inbox = createInbox({ alphabet });
      counts = noCounts();
    },
  };
  const http = options.httpPort === undefined ? undefined : await startHttp({ host, port: options.httpPort, view });

  return {
    ...view,
    port: listener.port,
    httpPort: http?.port,
    behave: (name) => void (behaviour = name),
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

type Submission = {
  session: Session;
  pdu: PduOf<'submit_sm'>;
  reply: Reply;
  plan: Extract<Plan, { kind: 'take' | 'hang_up' }>;
  nowMs: number;
};

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
