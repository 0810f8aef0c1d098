import type { Content, Door, MessageClass, PassedTlv, RefusalReason } from '@heliograph/message';

/** What a door hands in for one recipient, already proven to come from this credential. */
export interface Submission {
  /** What the message shall be called, where somebody must be able to find it again; its maker sees to it that nothing else is called so. */
  readonly id?: string;
  /** Unix ms after which it is not given to the stream any more: then it is refused as `unavailable`. Without it, whenever it is its turn. */
  readonly beginBeforeMs?: number;
  readonly credential: string;
  readonly door: Door;
  /** Empty: the provider's default. `ton` and `npi` as an SMPP client gave them (SMPP 3.4 §5.2.5, §5.2.6). */
  readonly from: { readonly addr: string; readonly ton?: number; readonly npi?: number };
  readonly to: { readonly addr: string; readonly ton?: number; readonly npi?: number };
  readonly content: Content;
  readonly class?: MessageClass;
  readonly flash?: boolean;
  /** Unix ms at which it shall be sent, at most 7 days ahead; without it, or when it has passed, at once. */
  readonly sendAtMs?: number;
  /** Unix ms; without it, 48 hours after it is to be sent. At most 7 days after that. */
  readonly validUntilMs?: number;
  /** SMPP 3.4 §5.2.17 */
  readonly registeredDelivery?: number;
  readonly reference?: string;
  /** The id its client will know it by, where that is not the message's own (`MessageHead.receiptId`). */
  readonly receiptId?: string;
  /** As `Message.tlvs`. */
  readonly tlvs?: readonly PassedTlv[];
  readonly webhook?: string;
  /** As `Message.optOutExempt`. */
  readonly optOutExempt?: true;
  /** As `Message.replaceIfPresent`, `Message.dataCoding` and `Message.udhi`. */
  readonly replaceIfPresent?: true;
  readonly dataCoding?: number;
  readonly udhi?: true;
}

/** What became of a submission. Refused: nothing was charged, nothing is kept, and `detail` says what to mend. */
export type Acceptance =
  | { readonly ok: true; readonly id: string; readonly to: string; readonly segments: number; readonly microCredits: bigint }
  | {
      readonly ok: false;
      readonly reason: RefusalReason;
      readonly detail: string;
      /** Of `throttled`: the same may pass after this. */
      readonly retryAfterMs?: number;
      /** Of `unavailable`: the stream did not answer, so the message may be stored and charged all the same. */
      readonly mayBeStored?: true;
    };
