import type { MessageReported, MessageSubmitted } from '@heliograph/message';
import type { Delivery } from '@heliograph/queue';
import type { Snapshot } from '@heliograph/registry';
import { counter, recordSpan, type Log } from '@heliograph/service';
import { chargesOf } from './charge.ts';
import type { BatchSpan, Ledger, PositionedStage } from './ledger.ts';
import { refundOf, type RefundDue } from './refund.ts';

const charged = counter('heliograph_billing_credits_charged_total', 'Messages charged');
const unreadable = counter('heliograph_billing_credits_unreadable_total', 'Messages whose charge could not be read: a bug of an ingress');
const late = counter(
  'heliograph_billing_credits_late_total',
  'Charges of a batch that an open lease did not cover, taken from the balance',
);
const lateMicroCredits = counter('heliograph_billing_credits_late_micro_credits_total', 'Micro-credits of such charges');
const refunded = counter('heliograph_billing_credits_refunded_total', 'Refunds by what came of them');

/** The control plane as this service needs it. */
export interface Plans {
  readonly current: Pick<Snapshot, 'tenants' | 'refunds'>;
  refresh(): Promise<void>;
}

/** Stage `charge`: posts what a batch of submitted messages costs. */
export function postCharges({ ledger, log }: { ledger: Ledger; log: Log }) {
  return (deliveries: readonly Delivery<MessageSubmitted>[], upToSeq: number): Promise<void> =>
    oncePosted(ledger, { stage: 'charge', deliveries, upToSeq }, async (fresh, span) => {
      const startMs = Date.now();
      const charges = chargesOf(fresh.map(({ event }) => event.message));
      const posted = await ledger.postCharges(charges.sums, span);
      if (!posted.moved) return false;
      charged.add(fresh.length - charges.unreadable.length);
      if (charges.unreadable.length > 0) {
        unreadable.add(charges.unreadable.length);
        log.error({ stage: 'charge', messages: charges.unreadable, ...span }, 'charges cannot be read, left out');
      }
      if (posted.lateSums > 0) {
        late.add(posted.lateSums);
        lateMicroCredits.add(Number(posted.lateMicroCredits));
        log.warn(
          { stage: 'charge', lateSums: posted.lateSums, lateMicroCredits: String(posted.lateMicroCredits), ...span },
          'charged past the lease',
        );
      }
      trace(fresh, 'charge', startMs);
      log.debug({ stage: 'charge', messages: fresh.length, sums: charges.sums.length, ...span }, 'posted');
      return true;
    });
}

/** Stage `refund`: gives back what the tenants' price plans say is not paid for. */
export function postRefunds({ ledger, plans, log }: { ledger: Ledger; plans: Plans; log: Log }) {
  return (deliveries: readonly Delivery<MessageReported>[], upToSeq: number): Promise<void> =>
    oncePosted(ledger, { stage: 'refund', deliveries, upToSeq }, async (fresh, span) => {
      const startMs = Date.now();
      const due = await refundsDue(fresh, plans);
      const posted = await ledger.postRefunds(due, span);
      if (!posted.moved) return false;
      refunded.add(posted.posted, byResult.posted);
      refunded.add(due.length - posted.posted, byResult.repeated);
      trace(fresh, 'refund', startMs);
      log.debug({ stage: 'refund', messages: fresh.length, refunds: posted.posted, ...span }, 'posted');
      return true;
    });
}

async function refundsDue(deliveries: readonly Delivery<MessageReported>[], plans: Plans): Promise<RefundDue[]> {
  // a tenant newer than our snapshot must not lose its refund
  if (deliveries.some(({ event }) => !plans.current.tenants.has(event.message.tenant))) await plans.refresh();
  const { current } = plans;
  return deliveries.flatMap(({ event }) => {
    const tenant = current.tenants.get(event.message.tenant);
    return (tenant && refundOf(event, current.refunds(tenant.pricePlanId))) ?? [];
  });
}

interface Batch<E extends MessageSubmitted | MessageReported> {
  readonly stage: PositionedStage;
  readonly deliveries: readonly Delivery<E>[];
  readonly upToSeq: number;
}

/**
 * Posts what of a batch is not posted yet. The reader hands a batch out again when we could not tell whether the commit happened; and a leader
 * that was replaced in the middle of a batch may have posted a part of ours.
 */
async function oncePosted<E extends MessageSubmitted | MessageReported>(
  ledger: Ledger,
  { stage, deliveries, upToSeq }: Batch<E>,
  post: (fresh: readonly Delivery<E>[], span: BatchSpan) => Promise<boolean>,
): Promise<void> {
  let fresh = deliveries;
  while (!(await post(fresh, { firstSeq: fresh[0]?.record.seq ?? upToSeq, upToSeq }))) {
    const position = await ledger.positionOf(stage);
    if (position >= upToSeq) return;
    fresh = fresh.filter(({ record }) => record.seq > position);
  }
}

function trace(deliveries: readonly Delivery<MessageSubmitted | MessageReported>[], name: string, startMs: number): void {
  const endMs = Date.now();
  for (const { event } of deliveries)
    if (event.message.traceparent) recordSpan(name, { traceparent: event.message.traceparent, startMs, endMs });
}

/** Attributes are remembered by identity. */
const byResult = { posted: { result: 'posted' }, repeated: { result: 'repeated' } } as const;
