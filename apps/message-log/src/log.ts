import {
  flow,
  isId,
  rankOf,
  type Door,
  type Hop,
  type Message,
  type MessageHead,
  type MessageReported,
  type MessageState,
  type StageName,
  type TakenBy,
} from '@heliograph/message';

export type LoggedEvent = Exclude<TakenBy<'log'>, { type: `inbound.${string}` }>;

/**
 * What some events say of one message: a row of the history, or the change of one. Keys are the columns; times are unix ms.
 *
 * Each column has a rule by which two rows become one, and every rule gives the same whatever the order and however often: events come
 * twice, and in any order across streams. `statement.ts` has the same rules in SQL, for what is stored already.
 */
export interface Row {
  readonly id: string;
  readonly tenant: string;
  /** What the message is. Only of its acceptance: that event always comes, and the others stay small. */
  facts: Facts | undefined;
  /** The latest wins: what was submitted, or what replaced it while it waited. */
  content: SentContent | undefined;
  verdict: Verdict;
  /** The latest wins. */
  routed: { readonly routed_at: number; readonly connector: string; readonly buy_micro_credits: string | null } | undefined;
  sent: { readonly sent_at: number; readonly provider_ids: readonly string[] } | undefined;
  /** At most one of each rank, the lowest first: what the tenant is told. */
  reports: readonly StoredReport[];
  hops: StoredHops;
}

interface Facts {
  readonly credential: string;
  readonly door: string;
  readonly from_addr: string;
  readonly from_ton: number;
  readonly from_npi: number;
  readonly to_addr: string;
  readonly class: string;
  readonly segments: number;
  readonly micro_credits: string;
  readonly lease: string;
  readonly reference: string | null;
  readonly receipt_id: string | null;
  readonly accepted_at: number;
}

/** What is sent, and within which times. */
interface SentContent {
  /** When it was accepted. A replacement's is later than that of what it replaces, so no two of a message are the same. */
  readonly content_at: number;
  readonly send_at: number | null;
  readonly valid_until: number;
  readonly text: string | null;
  readonly octets: string | null;
  readonly udh: string | null;
  readonly flash: boolean;
  /** By whose settings it waits for a review. A release is a replacement without it. */
  readonly held: string | null;
}

/** The highest rank wins (a state never goes backwards), of one rank the earliest (the first final state stays). */
interface Verdict {
  readonly state: MessageState;
  readonly state_rank: number;
  readonly state_at: number;
  readonly reason: string;
  readonly error_code: string;
}

/** The statement of how a message ended, with all that its report says: nothing is looked up for those who pull reports. */
export interface StoredReport {
  /** Once one of a rank was written, none of it or of a lower one is. */
  readonly rank: number;
  readonly from_addr: string;
  readonly to_addr: string;
  readonly segments: number;
  readonly reference: string | null;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly error_code: string | null;
  readonly accepted_at: number;
  readonly done_at: number;
}

/** What there is to say of each hop beside what its key says: time, event and the record it was made from. Hearing of it again changes nothing. */
export type StoredHops = Record<string, Hop['detail']>;

/** What one event adds to the history. */
interface Addition {
  readonly state: MessageState;
  readonly reason?: string | undefined;
  readonly errorCode?: string | undefined;
  readonly facts?: Facts;
  readonly content?: SentContent;
  readonly routed?: Row['routed'];
  readonly sent?: Row['sent'];
  readonly report?: StoredReport;
  readonly hop: Hop['detail'];
}

/** The row of a message by what an event says of it, added to what others said. */
export function addEvent(row: Row | undefined, event: LoggedEvent): Row {
  const addition = additionOf(event);
  const verdict = verdictOf(addition, event.at);
  const merged: Row = row ?? { ...newRow(event), verdict };
  merged.facts ??= addition.facts;
  if (addition.content && isLater(addition.content, merged.content, contentOrder)) merged.content = addition.content;
  if (outranks(verdict, merged.verdict)) merged.verdict = verdict;
  if (addition.routed && isLater(addition.routed, merged.routed, routedOrder)) merged.routed = addition.routed;
  if (addition.sent && isLater(addition.sent, merged.sent, sentOrder)) merged.sent = addition.sent;
  if (addition.report) merged.reports = withReport(merged.reports, addition.report);
  merged.hops[hopKey(event)] = addition.hop;
  return merged;
}

/** Whether an event has what a row is made of. What is wrong in detail, such as a number out of range, PostgreSQL finds. */
export function isLoggable(event: LoggedEvent): boolean {
  if (isOfReport(event)) return isId(String(event.messageId)) && typeof event.tenant === 'string';
  const message: Partial<Message> | undefined = event.message;
  if (!isId(String(message?.id)) || typeof message?.tenant !== 'string') return false;
  if (event.type === 'message.replaced') return isObject(event.content);
  if (event.type === 'message.reported') return isObject(message.from);
  if (event.type === 'message.returned') return Array.isArray(event.tried) && isObject(event.ending);
  return event.type !== 'message.submitted' || [message.from, message.charge, message.content].every(isObject);
}

/** Whether the event is about a report alone: it names its message by the id. */
function isOfReport(event: LoggedEvent): event is Extract<LoggedEvent, { messageId: string }> {
  return event.type === 'report.delivered' || event.type === 'report.exhausted';
}

function isObject(part: unknown): boolean {
  return typeof part === 'object' && part !== null;
}

/** Hops by time. One that was published twice by a stage (its cause says so) is shown once, as it was first. */
export function hopsOf(stored: Readonly<StoredHops>): Hop[] {
  const seen = new Set<string>();
  return Object.entries(stored)
    .map(([key, given]) => {
      const [at = '', event = '', cause] = key.split(' ');
      const done = doneBy[event as LoggedEvent['type']](given);
      const { by: _by, ...detail } = given;
      return { cause, hop: { ...done, event: event as LoggedEvent['type'], atMs: Number(at), detail } as Hop };
    })
    .sort((a, b) => a.hop.atMs - b.hop.atMs || stageOrder.indexOf(a.hop.stage) - stageOrder.indexOf(b.hop.stage))
    .filter(({ hop, cause }) => {
      if (cause === undefined) return true;
      const key = `${hop.event} ${cause}`;
      return !seen.has(key) && seen.add(key);
    })
    .map(({ hop }) => hop);
}

const acceptedBy: Readonly<Record<Door, string>> = { smpp: 'smpp-ingress', http: 'http-api', inbound: 'router' };
const [router] = flow.route.apps;
const [replacer] = flow.change.apps;
const [reporter] = flow.report.apps;

/** Which stage an event is of and who did it, told by what is stored of it: kept out of every row. */
const doneBy: Readonly<Record<LoggedEvent['type'], (detail: Readonly<Record<string, unknown>>) => { stage: StageName; by: unknown }>> = {
  'message.submitted': ({ door }) => ({ stage: 'accept', by: acceptedBy[door as Door] }),
  'message.scheduled': () => ({ stage: 'route', by: router }),
  'message.replaced': () => ({ stage: 'change', by: replacer }),
  'message.routed': () => ({ stage: 'route', by: router }),
  'message.returned': ({ by }) => ({ stage: by === reporter ? 'report' : 'deliver', by }),
  'message.sent': ({ connector }) => ({ stage: 'deliver', by: connector }),
  'message.failed': ({ by }) => ({ stage: by === router ? 'route' : 'deliver', by }),
  'message.reported': () => ({ stage: 'report', by: reporter }),
  'report.delivered': ({ via }) =>
    via === 'smpp' ? { stage: 'notify', by: flow.notify.apps[0] } : { stage: 'webhook', by: flow.webhook.apps[0] },
  'report.exhausted': () => ({ stage: 'webhook', by: flow.webhook.apps[0] }),
};

const stageOrder = Object.keys(flow) as StageName[];

function newRow(event: LoggedEvent): Omit<Row, 'verdict'> {
  const [id, tenant] = isOfReport(event) ? [event.messageId, event.tenant] : [event.message.id, event.message.tenant];
  return { id, tenant, facts: undefined, content: undefined, routed: undefined, sent: undefined, reports: [], hops: {} };
}

function additionOf(event: LoggedEvent): Addition {
  switch (event.type) {
    case 'message.submitted': {
      const { message } = event;
      const { door, segments, charge } = message;
      return {
        state: 'accepted',
        facts: factsOf(message),
        content: contentOf(message, message, message.acceptedAtMs),
        hop: { door, segments, microCredits: charge.microCredits },
      };
    }
    case 'message.scheduled': {
      const { held } = event.message;
      return { state: 'scheduled', hop: held === undefined ? { sendAtMs: event.sendAtMs } : { heldBy: held, untilAtMs: event.sendAtMs } };
    }
    case 'message.replaced': {
      const { message, at } = event;
      const { sendAtMs = at, validUntilMs } = message;
      const hop = event.releasedBy === undefined ? { sendAtMs, validUntilMs } : { releasedBy: event.releasedBy, sendAtMs };
      return { state: 'scheduled', content: contentOf(message, event, at), hop };
    }
    case 'message.routed': {
      const { connector, route, routeVersion, sender, attempt, at } = event;
      return {
        state: 'routed',
        routed: { routed_at: at, connector, buy_micro_credits: costOf(event) },
        // what it costs is in no hop: tenants see those
        hop: given({ connector, route, routeVersion, sender: sender?.addr, attempt }),
      };
    }
    case 'message.returned': {
      const { by, why, attempt, tried, ending, unanswered } = event;
      // it has not ended, and nothing is taken back of how far it was
      return { state: 'accepted', hop: given({ by, why, connector: tried.at(-1), attempt, errorCode: ending.errorCode, unanswered }) };
    }
    case 'message.sent': {
      const { connector, providerIds, unanswered, at } = event;
      const hop = unanswered === undefined ? { connector, providerIds } : { connector, providerIds, unanswered };
      return { state: 'sent', sent: { sent_at: at, provider_ids: providerIds }, hop };
    }
    case 'message.failed': {
      const { state, reason, errorCode, by, unanswered } = event;
      return { state, reason, errorCode, hop: given({ by, state, reason, errorCode, unanswered }) };
    }
    case 'message.reported': {
      const { state, reason, errorCode } = event;
      return { state, reason, errorCode, report: reportOf(event), hop: given({ state, reason, errorCode }) };
    }
    case 'report.exhausted': {
      const { state, via, attempts } = event;
      return { state: 'accepted', hop: { state, via, attempts } };
    }
    case 'report.delivered': {
      const { state, via, attempt } = event;
      // that the tenant has heard of a state moves none: the state is of the event that stated it. What is reported was accepted
      return { state: 'accepted', hop: { state, via, attempt } };
    }
  }
}

/** What this provider takes and those that had it before; null: of this one nobody has said. */
function costOf({ buyMicroCredits, spentMicroCredits }: Extract<LoggedEvent, { type: 'message.routed' }>): string | null {
  if (buyMicroCredits === undefined || spentMicroCredits === undefined) return buyMicroCredits ?? null;
  return String(BigInt(buyMicroCredits) + BigInt(spentMicroCredits));
}

function factsOf(message: Message): Facts {
  const { from, charge } = message;
  return {
    credential: message.credential,
    door: message.door,
    from_addr: from.addr,
    from_ton: from.ton,
    from_npi: from.npi,
    to_addr: message.to,
    class: message.class,
    segments: message.segments,
    micro_credits: charge.microCredits,
    lease: charge.lease,
    reference: message.reference ?? null,
    receipt_id: message.receiptId ?? null,
    accepted_at: message.acceptedAtMs,
  };
}

function contentOf(head: MessageHead, { content, flash = false }: Pick<Message, 'content' | 'flash'>, at: number): SentContent {
  return {
    content_at: at,
    send_at: head.sendAtMs ?? null,
    valid_until: head.validUntilMs,
    text: content.kind === 'text' ? content.text : null,
    octets: content.kind === 'binary' ? content.octets : null,
    udh: content.udh ?? null,
    flash,
    held: head.held ?? null,
  };
}

function reportOf({ message, state, reason, errorCode, at }: MessageReported): StoredReport {
  return {
    rank: rankOf(state),
    from_addr: message.from.addr,
    to_addr: message.to,
    segments: message.segments,
    reference: message.reference ?? null,
    state,
    reason: reason ?? null,
    error_code: errorCode ?? null,
    accepted_at: message.acceptedAtMs,
    done_at: at,
  };
}

/** Of one rank the earliest, as with states. */
function withReport(reports: readonly StoredReport[], report: StoredReport): readonly StoredReport[] {
  const same = reports.find(({ rank }) => rank === report.rank);
  if (same && compare(reportOrder(report), reportOrder(same)) >= 0) return reports;
  return [...reports.filter((one) => one !== same), report].sort((a, b) => a.rank - b.rank);
}

function verdictOf({ state, reason = '', errorCode = '' }: Addition, at: number): Verdict {
  return { state, state_rank: rankOf(state), state_at: at, reason, error_code: errorCode };
}

/** By rank, then by time; what comes after only makes the choice the same everywhere. */
function outranks(a: Verdict, b: Verdict): boolean {
  if (a.state_rank !== b.state_rank) return a.state_rank > b.state_rank;
  if (a.state_at !== b.state_at) return a.state_at < b.state_at;
  return compare([a.state, a.reason, a.error_code], [b.state, b.reason, b.error_code]) > 0;
}

function isLater<T>(a: T, b: T | undefined, order: (one: T) => readonly (string | number)[]): boolean {
  return b === undefined || compare(order(a), order(b)) > 0;
}

const contentOrder = ({ content_at }: SentContent) => [content_at];
const routedOrder = ({ routed_at, connector, buy_micro_credits }: NonNullable<Row['routed']>) => [
  routed_at,
  connector,
  buy_micro_credits ?? '',
];
const reportOrder = ({ done_at, state, reason, error_code }: StoredReport) => [done_at, state, reason ?? '', error_code ?? ''];
const sentOrder = ({ sent_at, provider_ids }: NonNullable<Row['sent']>) => [sent_at, ...provider_ids];

/** As PostgreSQL compares rows, with text by code points (`COLLATE "C"`). */
function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [i, one] of a.entries()) {
    const other = b[i];
    if (other === undefined || one > other) return 1;
    if (one < other) return -1;
  }
  return a.length - b.length;
}

function hopKey(event: LoggedEvent): string {
  return event.cause ? `${event.at} ${event.type} ${causeText(event.cause)}` : `${event.at} ${event.type}`;
}

function causeText({ stream, seq }: { stream: string; seq: number }): string {
  return `${stream}:${seq}`;
}

function given(fields: Readonly<Record<string, string | number | undefined>>): Record<string, string | number> {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string | number] => entry[1] !== undefined));
}
