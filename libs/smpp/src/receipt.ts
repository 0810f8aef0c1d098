import { esmClass } from './constants.ts';
import { getTlv, type Tlv, tlvs } from './tlvs.ts';

/** message_state, §5.2.28. 0 and 9 are of 5.0 §4.7.15. */
export const messageStates = {
  SCHEDULED: 0,
  ENROUTE: 1,
  DELIVERED: 2,
  EXPIRED: 3,
  DELETED: 4,
  UNDELIVERABLE: 5,
  ACCEPTED: 6,
  UNKNOWN: 7,
  REJECTED: 8,
  SKIPPED: 9,
} as const;

export type MessageState = keyof typeof messageStates;

/** The `stat` text of a receipt, appendix B table B-2; SCHEDULED and SKIPPED have none there and are written as peers do. */
export const statTexts: Readonly<Record<MessageState, string>> = {
  SCHEDULED: 'SCHEDLD',
  ENROUTE: 'ENROUTE',
  DELIVERED: 'DELIVRD',
  EXPIRED: 'EXPIRED',
  DELETED: 'DELETED',
  UNDELIVERABLE: 'UNDELIV',
  ACCEPTED: 'ACCEPTD',
  UNKNOWN: 'UNKNOWN',
  REJECTED: 'REJECTD',
  SKIPPED: 'SKIPPED',
};

/** Texts that peers write where the specification has another. */
const statDialects: Readonly<Record<string, MessageState>> = {
  ...byText(),
  ...messageStateNames(),
  REJECTE: 'REJECTED',
  UNDELIVERED: 'UNDELIVERABLE',
};

const statesByNumber = new Map<number, MessageState>(
  (Object.entries(messageStates) as [MessageState, number][]).map(([state, number]) => [number, state]),
);

/** Any case; undefined for a text that is not known. */
export function messageStateOfStat(stat: string): MessageState | undefined {
  return Object.hasOwn(statDialects, stat.toUpperCase()) ? statDialects[stat.toUpperCase()] : undefined;
}

export function messageStateOfNumber(number: number): MessageState | undefined {
  return statesByNumber.get(number);
}

/**
 * Whether a deliver_sm or data_sm is a delivery receipt (§5.2.12, message type bits). Only this decides: a text that looks
 * like a receipt may come from a handset.
 */
export function isReceipt(esm_class: number): boolean {
  return (esm_class & esmClass.TYPE_MASK) === esmClass.TYPE_DELIVERY_RECEIPT;
}

/** Whether a deliver_sm or data_sm is an intermediate delivery notification (§5.2.12). It has the form of a receipt. */
export function isIntermediateNotification(esm_class: number): boolean {
  return (esm_class & esmClass.TYPE_MASK) === esmClass.TYPE_INTERMEDIATE_NOTIFICATION;
}

/** What a receipt says; whatever it leaves out, or says illegibly, is absent. Dates are taken for UTC. */
export type Receipt = {
  /** As the provider wrote it; `normalizeProviderId` makes it comparable. */
  id?: string;
  state?: MessageState;
  /** `stat` in upper case, also when its state is not known. */
  stat?: string;
  sub?: number;
  dlvrd?: number;
  submitDate?: Date;
  doneDate?: Date;
  /** The network's own code: digits mostly, not always. */
  err?: string;
  text?: string;
};

/**
 * Reads a receipt as providers write it: any order, any case, fields missing, `submitdate:` for `submit date:`, dates of 10,
 * 12 or 14 digits. receipted_message_id and message_state win over the text. undefined when there is neither id nor state.
 */
export function parseReceipt(text: string, optional: readonly Tlv[] = []): Receipt | undefined {
  const fields = fieldsOf(text);
  const stat = fields.get('stat')?.toUpperCase();
  const number = getTlv(optional, 'message_state');
  const receipt = {
    id: getTlv(optional, 'receipted_message_id') || fields.get('id'),
    state: (number === undefined ? undefined : messageStateOfNumber(number)) ?? (stat === undefined ? undefined : messageStateOfStat(stat)),
    stat,
    sub: countOf(fields.get('sub')),
    dlvrd: countOf(fields.get('dlvrd')),
    submitDate: dateOf(fields.get('submitdate')),
    doneDate: dateOf(fields.get('donedate')),
    err: fields.get('err'),
    text: fields.get('text'),
  };
  if (receipt.id === undefined && receipt.state === undefined) return undefined;
  return Object.fromEntries(Object.entries(receipt).filter(([, value]) => value !== undefined));
}

const labels = /(?:^|[\s,;])(id|sub|dlvrd|submit ?date|done ?date|stat|err|text):/gi;

/**
 * The first of each label counts: `text:` quotes the handset's message, which may hold labels of its own and comes last.
 * A value reaches to the next label, so an empty one does not swallow its neighbour.
 */
function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  const found = [...text.matchAll(labels)].map((match) => ({
    label: match[1]!.toLowerCase().replace(' ', ''),
    start: match.index,
    valueStart: match.index + match[0].length,
  }));
  const firsts = found.filter(({ label }, i) => found.findIndex((other) => other.label === label) === i);
  firsts.forEach(({ label, valueStart }, i) => {
    const value = text.slice(valueStart, firsts[i + 1]?.start).trim();
    const wanted = label === 'text' ? value : value.split(/[\s,;]/, 1)[0]!;
    if (wanted !== '') fields.set(label, wanted);
  });
  return fields;
}

function countOf(digits: string | undefined): number | undefined {
  return digits !== undefined && /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}

/** YYMMDDhhmm (appendix B), YYMMDDhhmmss, YYYYMMDDhhmm, YYYYMMDDhhmmss: the first that is a date. */
const dateForms = [/^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/, /^20(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/];

function dateOf(digits: string | undefined): Date | undefined {
  for (const form of dateForms) {
    const match = form.exec(digits ?? '');
    if (match === null) continue;
    const date = utcDate(match.slice(1).map((part) => Number(part ?? 0)));
    if (date !== undefined) return date;
  }
  return undefined;
}

/** undefined when a part is out of range, which Date.UTC would carry into the next. */
export function utcDate([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: readonly number[]): Date | undefined {
  const date = new Date(Date.UTC(2000 + year, month - 1, day, hour, minute, second));
  const same = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return same ? date : undefined;
}

export type ReceiptToWrite = {
  id: string;
  state: MessageState;
  submitDate: Date;
  doneDate: Date;
  /** Network error code, three digits; `000` unless given. */
  err?: string;
  sub?: number;
  dlvrd?: number;
  /** Empty unless given: it would tell the first 20 characters of a message. */
  text?: string;
};

/** The form of appendix B. Dates in UTC. Send it with esm_class 0x04 and `receiptTlvs`. */
export function formatReceipt({ id, state, submitDate, doneDate, err = '000', sub = 1, dlvrd, text = '' }: ReceiptToWrite): string {
  const count = (number: number): string => String(number).padStart(3, '0');
  const delivered = dlvrd ?? (state === 'DELIVERED' ? sub : 0);
  return [
    `id:${id} sub:${count(sub)} dlvrd:${count(delivered)}`,
    `submit date:${minuteOf(submitDate)} done date:${minuteOf(doneDate)}`,
    `stat:${statTexts[state]} err:${err} text:${text.slice(0, 20)}`,
  ].join(' ');
}

/** receipted_message_id (§5.3.2.12) and message_state (§5.3.2.35). */
export function receiptTlvs({ id, state }: { id: string; state: MessageState }): Tlv[] {
  return tlvs({ receipted_message_id: id, message_state: messageStates[state] });
}

/** YYMMDDhhmm. */
function minuteOf(date: Date): string {
  return date.toISOString().replace(/\D/g, '').slice(2, 12);
}

export type ProviderIdBase = 'string' | 'hex' | 'decimal';

/** How a provider writes one message's id in its submit_sm_resp and in its receipts. */
export type ProviderIdProfile = { respIdBase: ProviderIdBase; receiptIdBase: ProviderIdBase };

/**
 * A provider's id in a form that is equal for submit_sm_resp and receipt: `38601fa` (hex) and `0059113978` (decimal) both
 * give `59113978`. Numbers become decimal without leading zeros; other ids lose case and leading zeros. An id that is not a
 * number of its base is treated as a string.
 */
export function normalizeProviderId(id: string, base: ProviderIdBase): string {
  const trimmed = id.trim();
  if (base === 'hex' && /^[0-9a-f]+$/i.test(trimmed)) return BigInt(`0x${trimmed}`).toString();
  return trimmed.toLowerCase().replace(/^0+(?=.)/, '');
}

function byText(): Record<string, MessageState> {
  return Object.fromEntries((Object.entries(statTexts) as [MessageState, string][]).map(([state, text]) => [text, state]));
}

function messageStateNames(): Record<string, MessageState> {
  return Object.fromEntries((Object.keys(messageStates) as MessageState[]).map((state) => [state, state]));
}
