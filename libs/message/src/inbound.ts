import type { Content, Sender } from './message.ts';

/** A deliver_sm of a handset as the provider gave it: a whole message, or a part of one. */
export interface InboundPart {
  /** Of this part: UUIDv7 as 32 hex digits. */
  readonly id: string;
  readonly connector: string;
  /** Parts of one message come over the connectors of one group. */
  readonly group: string;
  /** Addresses as they came, with type of number and numbering plan (SMPP 3.4 §5.2.5, §5.2.6). */
  readonly from: Sender;
  readonly to: Sender;
  /** §5.2.19, and what 0 means to this provider. */
  readonly dataCoding: number;
  readonly alphabet: 'gsm' | 'latin1' | 'ascii';
  /** User data without its header, base64. */
  readonly octets: string;
  /** The header without what tells the parts, hex, with its length octet; absent: there is nothing else in it. */
  readonly udh?: string;
  /** From the header (3GPP TS 23.040 §9.2.3.24.1, .8) or the SAR parameters (SMPP 3.4 §5.3.2.22): sequence 1 to total, total 2 to 255. */
  readonly part?: { readonly reference: number; readonly total: number; readonly sequence: number };
}

/** From a handset to a tenant, put together. */
export interface InboundMessage {
  /** That of its part that came first. */
  readonly id: string;
  readonly connector: string;
  /** E.164 with a plus sign where it is a number of that form; else as it came. */
  readonly from: string;
  readonly to: string;
  readonly content: Content;
  /** When its first part came, unix ms. */
  readonly receivedAtMs: number;
  /** 1 to 255. */
  readonly parts: number;
  /** Numbers of the parts that did not come in time: the text has a gap in their places. */
  readonly missing?: readonly number[];
  /** It came after the others had been handed on without it: its number. */
  readonly late?: number;
}

/** For the router: whose a message is that was nobody's, by the routes as they are now. When it is somebody's, `inbound.matched` has been given. */
export const inboundMatchAgain = 'inbound.match-again';

export interface MatchAgainQuestion {
  readonly inbound: InboundMessage;
}

export interface MatchAgainAnswer {
  /** Absent: it is nobody's still. */
  readonly tenant?: string;
}

/** What a handset asks with a word: to get no more, to get some again, what this is about. */
export type OptOutKeyword = 'stop' | 'start' | 'help';
