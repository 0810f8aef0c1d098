/** `otp`: a person waits for it. `bulk`: nobody does. Each class has its own subjects, so a campaign never delays a login code. */
export type MessageClass = 'otp' | 'normal' | 'bulk';
export const messageClasses: readonly MessageClass[] = ['otp', 'normal', 'bulk'];

/** How a tenant hands a message in. */
export type Door = 'smpp' | 'http';

/** An originating address as SMPP knows it (SMPP 3.4 §5.2.5, §5.2.6). */
export interface Sender {
  readonly addr: string;
  readonly ton: number;
  readonly npi: number;
}

/** What the handset shall get. `udh`: the user data header the tenant sent itself, hex, with its length octet (3GPP TS 23.040 §9.2.3.24). */
export type Content =
  | { readonly kind: 'text'; readonly text: string; readonly udh?: string }
  | { readonly kind: 'binary'; readonly octets: string /* base64 */; readonly udh?: string };

/** The money of one message. On the wire micro-credits are decimal digits: JSON has no bigint. */
export interface Charge {
  readonly lease: string;
  readonly microCredits: string;
}

/** All of a message but its content: what the stages after delivery need. */
export interface MessageHead {
  /** UUIDv7 as 32 hex digits; also the W3C trace id of the message. */
  readonly id: string;
  readonly tenant: string;
  /** Id of the credential that submitted it: reports by SMPP go to sessions bound with it. */
  readonly credential: string;
  readonly door: Door;
  readonly from: Sender;
  /** E.164 with its plus sign. */
  readonly to: string;
  readonly class: MessageClass;
  /** 1..255, as priced. */
  readonly segments: number;
  readonly acceptedAtMs: number;
  /** After this time it is not sent any more: it ends as `expired`. */
  readonly validUntilMs: number;
  /** SMPP 3.4 §5.2.17; 0 = the tenant wants no report by SMPP. */
  readonly registeredDelivery: number;
  /** The tenant's own word for it, given back in reports. */
  readonly reference?: string;
  /** Where this message's report is posted; without it, the tenant's webhook, if it has one. */
  readonly webhook?: string;
  readonly charge: Charge;
  /** W3C traceparent; only sampled messages carry one. */
  readonly traceparent?: string;
}

export interface Message extends MessageHead {
  readonly content: Content;
  /** Class 0: shown at once, not stored (3GPP TS 23.038 §4). */
  readonly flash?: boolean;
}

export function headOf(message: Message): MessageHead {
  const { content: _content, flash: _flash, ...head } = message;
  return head;
}
