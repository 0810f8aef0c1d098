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
  const id = getTlv(optional, 'receipted_message_id') || fields.get('id');
  const state =
    (number === undefined ? undefined : messageStateOfNumber(number)) ?? (stat === undefined ? undefined : messageStateOfStat(stat));
  if (id === undefined && state === undefined) return undefined;
  const receipt: Receipt = {};
  put(receipt, 'id', id);
  put(receipt, 'state', state);
  put(receipt, 'stat', stat);
  put(receipt, 'sub', countOf(fields.get('sub')));
  put(receipt, 'dlvrd', countOf(fields.get('dlvrd')));
  put(receipt, 'submitDate', dateOf(fields.get('submitdate')));
  put(receipt, 'doneDate', dateOf(fields.get('donedate')));
  put(receipt, 'err', fields.get('err'));
  put(receipt, 'text', fields.get('text'));
  return receipt;
}

function put<K extends keyof Receipt>(receipt: Receipt, name: K, value: Receipt[K] | undefined): void {
  if (value !== undefined) receipt[name] = value;
}

const labels = /(?:^|[\s,;])(id|sub|dlvrd|submit ?date|done ?date|stat|err|text):/gi;

/**
 * The first of each label counts: `text:` quotes the handset's message, which may hold labels of its own and comes last.
 * A value reaches to the next label, so an empty one does not swallow its neighbour.
 */
function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let label = '';
  let valueStart = 0;
  labels.lastIndex = 0;
  for (let match = labels.exec(text); match; match = labels.exec(text)) {
    const next = match[1]!.toLowerCase().replace(' ', '');
    if (fields.has(next)) continue;
    if (label !== '') fields.set(label, valueOf(label, text.slice(valueStart, match.index)));
    // there from now on: another of the same name is part of a value
    fields.set(next, '');
    label = next;
    valueStart = labels.lastIndex;
  }
  if (label !== '') fields.set(label, valueOf(label, text.slice(valueStart)));
  for (const [name, value] of fields) if (value === '') fields.delete(name);
  return fields;
}

function valueOf(label: string, octets: string): string {
  const value = octets.trim();
  if (label === 'text') return value;
  const end = value.search(/[\s,;]/);
  return end < 0 ? value : value.slice(0, end);
}

function countOf(digits: string | undefined): number | undefined {
  return digits !== undefined && /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}

/** YYMMDDhhmm (appendix B), YYMMDDhhmmss, YYYYMMDDhhmm, YYYYMMDDhhmmss: the first that is a date. */
function dateOf(digits: string | undefined): Date | undefined {
  if (digits === undefined || !/^\d+$/.test(digits)) return undefined;
  return dateAt(digits, 0) ?? (digits.startsWith('20') ? dateAt(digits, 2) : undefined);
}

function dateAt(digits: string, start: number): Date | undefined {
  const octets = digits.length - start;
  if (octets !== 10 && octets !== 12) return undefined;
  const pair = (i: number): number => Number(digits.slice(start + 2 * i, start + 2 * i + 2));
  return utcDate([pair(0), pair(1), pair(2), pair(3), pair(4), octets === 12 ? pair(5) : 0]);
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

/** YYMMDDhhmm. Nearly all dates of receipts are of this minute or the one before, and to write one takes longer than all else in a receipt. */
function minuteOf(date: Date): string {
  const minute = Math.floor(date.getTime() / 60_000);
  if (minute !== lastMinute.minute) lastMinute = { minute, text: digitsOf(date.toISOString()) };
  return lastMinute.text;
}

let lastMinute = { minute: Number.NaN, text: '' };

/** YYMMDDhhmm of `YYYY-MM-DDThh:mm…`. A hot path: with a pattern a receipt takes 1.45 µs to write, so 1.15. */
export function digitsOf(iso: string): string {
  return iso.slice(2, 4) + iso.slice(5, 7) + iso.slice(8, 10) + iso.slice(11, 13) + iso.slice(14, 16);
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
