/**
 * Every reason for which a submission is refused. A refusal is the tenant's to mend or to wait out: nothing was charged, nothing is kept.
 * Each door answers all of them through an exhaustive Record, so a new reason does not compile until every protocol has a word for it.
 */
export const refusalReasons = [
  'not_permitted',
  'bad_number',
  'bad_sender',
  'empty_text',
  'text_too_long',
  'bad_encoding',
  'bad_validity',
  'bad_schedule',
  'bad_webhook',
  'unroutable',
  'no_price',
  'at_loss',
  'destination_denied',
  'too_many_segments',
  'spending_cap',
  'no_credit',
  'throttled',
  'queue_full',
  'unavailable',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** Every reason for which an accepted message ends without having been delivered. */
export const failureReasons = [
  'unroutable',
  'expired',
  'provider_rejected',
  'provider_unknown_outcome',
  'undelivered',
  'no_report',
  'connector_removed',
  'opted_out',
  'cancelled',
] as const;
export type FailureReason = (typeof failureReasons)[number];
