/** `otp`: a person waits for it. `bulk`: nobody does. Each class has its own subjects, so a campaign never delays a login code. */
export type MessageClass = 'otp' | 'normal' | 'bulk';
export const messageClasses: readonly MessageClass[] = ['otp', 'normal', 'bulk'];

/** How a tenant hands a message in. `inbound`: it is what the tenant's settings answer to a handset. */
export type Door = 'smpp' | 'http' | 'inbound';

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

/** An optional parameter of SMPP that is passed on as it came (SMPP 3.4 §5.3). `value`: hex, possibly empty. */
export interface PassedTlv {
  readonly tag: number;
  readonly value: string;
}

/** The money of one message. On the wire micro-credits are decimal digits: JSON has no bigint. */
export interface Charge {
  /** Empty: nothing is charged. */
  readonly lease: string;
  readonly microCredits: string;
}

/** All of a message but its content: what the stages after delivery need. */
export interface MessageHead {
  /** UUIDv7 as 32 hex digits; also the W3C trace id of the message. */
  readonly id: string;
  /**
   * The id an SMPP client knows it by, where that is not `id`: receipts and query_sm speak of this one. Not unique: destinations of one
   * submit_multi share it, and 8 hex digits, which is what a client of SMPP 3.3 can hold, may come again.
   */
  readonly receiptId?: string;
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
  /** It waits until then, unix ms; without it, it goes at once. At most 7 days after its acceptance. */
  readonly sendAtMs?: number;
  /** After this time it is not sent any more: it ends as `expired`. */
  readonly validUntilMs: number;
  /** SMPP 3.4 §5.2.17; 0 = the tenant wants no report by SMPP. */
  readonly registeredDelivery: number;
  /** The tenant's own word for it, given back in reports. */
  readonly reference?: string;
  /** Where this message's report is posted; without it, the tenant's webhook, if it has one. */
  readonly webhook?: string;
  readonly charge: Charge;
  /** It waits, until somebody releases it or its validity ends, as whose settings say: too many went to this place at once. */
  readonly held?: 'operator' | 'own';
  /** It never leaves the platform and costs nothing: to a test number, or by a credential in test mode. */
  readonly test?: true;
  /** W3C traceparent; only sampled messages carry one. */
  readonly traceparent?: string;
}

export interface Message extends MessageHead {
  readonly content: Content;
  /** Class 0: shown at once, not stored (3GPP TS 23.038 §4). */
  readonly flash?: boolean;
  /**
   * Optional parameters of the submission that the platform does not handle itself, vendors' own (0x1400 to 0x3FFF) among them, in the
   * order given; 1,024 octets at most, tags and lengths included. Whether they go out is a rule of the connector.
   */
  readonly tlvs?: readonly PassedTlv[];
  /** The provider is asked to put it in the place of one to the same number that waits there (SMPP 3.4 §5.2.18). */
  readonly replaceIfPresent?: true;
  /** It answers a handset's STOP, START or HELP: it goes out though its recipient wants no more. Only the router makes such. */
  readonly optOutExempt?: true;
  /**
   * Only of a message of door `smpp` that waits for its time: what a replace_sm, which says neither (SMPP 3.4 §4.10.1), is read by. The
   * data_coding as it was given (§5.2.19), and whether its octets began with a user data header (§5.2.12).
   */
  readonly dataCoding?: number;
  readonly udhi?: true;
}

/** When a message that waits comes due, unix ms: at the time that was asked for; one that is held, when its validity ends. Undefined: it does not wait. */
export function dueAtMsOf({ held, sendAtMs, validUntilMs }: Pick<MessageHead, 'held' | 'sendAtMs' | 'validUntilMs'>): number | undefined {
  return held === undefined ? sendAtMs : validUntilMs;
}

export function headOf(message: Message): MessageHead {
  const {
    content: _content,
    flash: _flash,
    tlvs: _tlvs,
    replaceIfPresent: _replaceIfPresent,
    optOutExempt: _optOutExempt,
    dataCoding: _dataCoding,
    udhi: _udhi,
    ...head
  } = message;
  return head;
}
