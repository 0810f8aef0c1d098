import type { MessageFailed } from '@heliograph/message';
import { counter } from '@heliograph/service';
import type { AnswerKind } from './send/answer.ts';

const segments = counter('heliograph_connector_smpp_segments_total', 'submit_sm settled, by what became of it');
const messages = counter('heliograph_connector_smpp_messages_total', 'messages decided on, by outcome');
const resent = counter(
  'heliograph_connector_smpp_resent_total',
  'segments sent again after an unknown outcome: each may be a duplicate at the provider',
);
const setAside = counter(
  'heliograph_connector_smpp_set_aside_total',
  'messages put into a queue of their tenant, as it had more than its share of those that all share',
);
const withoutId = counter(
  'heliograph_connector_smpp_accepted_without_id_total',
  'segments the provider took without an id: no receipt can be matched to them',
);
const receipts = counter('heliograph_connector_smpp_receipts_total', "providers' deliver_sm and data_sm, by what became of them");
const unexpected = counter(
  'heliograph_connector_smpp_unexpected_responses_total',
  'responses to nothing we asked: late, repeated or of the wrong kind',
);
const notices = counter(
  'heliograph_connector_smpp_notices_total',
  "providers' requests that have no answer: alert_notification, and outbind, which is for whoever listens",
);
const connects = counter('heliograph_connector_smpp_binds_total', 'tries to bind, by result');

export type MessageOutcome = 'sent' | MessageFailed['state'] | 'returned' | 'later';
export type ReceiptOutcome = 'stored' | 'not_stored' | 'unreadable' | 'inbound';
export type Notice = 'alert_notification' | 'outbind';
export type BindResult = 'bound' | 'refused' | 'unreachable';

/** `undelivered` and `no_report` are receipts' business: a connector never gives them. */
const failedStates = ['rejected', 'expired', 'failed', 'cancelled', 'undelivered', 'no_report'] as const;

type Total = { add(value?: number): void };

/** The series of one connector, looked up once: messages pass here. */
export interface ConnectorMetrics {
  readonly segments: Readonly<Record<AnswerKind, Total>>;
  readonly messages: Readonly<Record<MessageOutcome, Total>>;
  readonly receipts: Readonly<Record<ReceiptOutcome, Total>>;
  readonly notices: Readonly<Record<Notice, Total>>;
  readonly binds: Readonly<Record<BindResult, Total>>;
  readonly resent: Total;
  readonly setAside: Total;
  readonly withoutId: Total;
  readonly unexpected: Total;
}

export function metricsOf(connector: string): ConnectorMetrics {
  const by = <K extends string>(metric: typeof segments, label: string, names: readonly K[]): Record<K, Total> =>
    Object.fromEntries(names.map((name) => [name, metric.with({ connector, [label]: name })])) as Record<K, Total>;
  return {
    segments: by(segments, 'answer', ['accepted', 'later', 'throttled', 'permanent', 'unknown', 'unsent', 'unsendable']),
    messages: by(messages, 'outcome', ['sent', ...failedStates, 'returned', 'later']),
    receipts: by(receipts, 'outcome', ['stored', 'not_stored', 'unreadable', 'inbound']),
    notices: by(notices, 'notice', ['alert_notification', 'outbind']),
    binds: by(connects, 'result', ['bound', 'refused', 'unreachable']),
    resent: resent.with({ connector }),
    setAside: setAside.with({ connector }),
    withoutId: withoutId.with({ connector }),
    unexpected: unexpected.with({ connector }),
  };
}
