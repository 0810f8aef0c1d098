import { commandStatus, type PduOf, type Reply, type RequestPdu } from '@heliograph/smpp';
import { newId, type InboundReceived, type ReceiptReceived } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import { createSeldom, type Log } from '@heliograph/service';
import type { ConnectorMetrics } from '../metrics.ts';
import type { WantedConnector } from '../plan.ts';
import { receive, type ReceiveFacts } from './receive.ts';

export interface ReceiverOptions {
  readonly connector: WantedConnector;
  readonly queue: Pick<Queue, 'publish' | 'bury'>;
  readonly metrics: ConnectorMetrics;
  readonly log: Log;
  readonly now?: () => number;
}

const warnEveryMs = 60_000;

/** Answers what a provider sends on its own. A receipt or a handset's message is stored first and answered then, an unreadable one among the dead letters: unanswered, the provider sends it again. */
export function createReceiver({
  connector,
  queue,
  metrics,
  log,
  now = Date.now,
}: ReceiverOptions): (request: RequestPdu, reply: Reply) => void {
  const facts: ReceiveFacts = { connector: connector.id, group: connector.group, ids: connector.settings, text: connector.settings };
  const warn = { unreadable: createSeldom(warnEveryMs), notStored: createSeldom(warnEveryMs) };

  function take(pdu: PduOf<'deliver_sm'> | PduOf<'data_sm'>, reply: Reply): void {
    const received = receive(pdu, facts, now(), newId);
    switch (received.kind) {
      case 'receipt':
        store(received.event, 'stored', reply);
        break;
      case 'unreadable': // taken, or it would come back for ever
        warn.unreadable(now(), (count) =>
          log.warn(
            { missing: received.missing, count, octets: pdu.command === 'deliver_sm' ? pdu.short_message.length : 0 },
            'receipt cannot be read, to the dead letters',
          ),
        );
        queue.bury('receive', `receipt without ${received.missing}`, { connector: connector.id, pdu: writable(pdu) }).then(
          () => buried(reply),
          (err: unknown) => notStored(reply, err),
        );
        break;
      case 'inbound':
        store(received.event, 'inbound', reply);
    }
  }

  function store(event: ReceiptReceived | InboundReceived, outcome: 'stored' | 'inbound', reply: Reply): void {
    queue.publish(event).then(
      () => {
        metrics.receipts[outcome].add();
        reply.ok();
      },
      (err: unknown) => notStored(reply, err),
    );
  }

  function buried(reply: Reply): void {
    metrics.receipts.unreadable.add();
    reply.ok();
  }

  /** ESME_RX_T_APPN: the provider is to send it again. */
  function notStored(reply: Reply, err: unknown): void {
    metrics.receipts.not_stored.add();
    warn.notStored(now(), (count) => log.error({ count, err }, 'receipt or inbound message could not be stored'));
    reply.error(commandStatus.ESME_RX_T_APPN);
  }

  return (request, reply) => {
    switch (request.command) {
      case 'deliver_sm':
      case 'data_sm':
        return take(request, reply);
      case 'alert_notification':
      case 'outbind': // neither has an answer (§4.12.1, §4.1.7); we are bound already, or about to be
        return metrics.notices[request.command].add();
      default:
        reply.error(commandStatus.ESME_RINVCMDID);
    }
  };
}

/** As JSON can hold it: octets in base64. */
function writable({ tlvs, ...fields }: PduOf<'deliver_sm'> | PduOf<'data_sm'>): object {
  return {
    ...fields,
    ...('short_message' in fields ? { short_message: fields.short_message.toString('base64') } : {}),
    tlvs: tlvs.map(({ tag, value }) => ({ tag, value: value.toString('base64') })),
  };
}
