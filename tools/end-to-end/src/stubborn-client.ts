import { once } from 'node:events';
import net from 'node:net';
import { contentOf, type Journal } from '@heliograph/checker';
import { createSession, parseReceipt, statusName, type MessageState, type RequestOutcome, type Session } from '@heliograph/smpp';
import { eventually } from '@heliograph/testbed';

/** Where a client writes what it saw, and whose it is. */
export interface Witness {
  readonly journal: Journal;
  readonly tenant: string;
}

/**
 * A client as a careful tenant writes one: what was not answered is submitted again after a new bind, receipts are taken whenever they come.
 * Its own resubmissions are other messages to the platform: `resubmitted` counts them.
 */
export interface StubbornClient {
  /** Resolves with the message id. */
  submit(to: string, text: string): Promise<string>;
  /** Receipts by message id: how often each came, and what it said last. */
  readonly receipts: ReadonlyMap<string, { count: number; state: string | undefined }>;
  readonly resubmitted: number;
  close(): Promise<void>;
}

const timers = { sessionInitMs: 10_000, enquireLinkMs: 30_000, inactivityMs: 0, responseMs: 60_000 };

export async function connectStubborn(
  address: { host: string; port: number; systemId: string; password: string },
  witness?: Witness,
): Promise<StubbornClient> {
  const receipts = new Map<string, { count: number; state: string | undefined }>();
  let resubmitted = 0;
  let refs = 0;
  let closing = false;
  let session: Promise<Session> = eventually('bound', connect);

  async function connect(): Promise<Session> {
    const socket = net.connect(address.port, address.host);
    await once(socket, 'connect');
    const made = createSession({
      socket,
      role: 'esme',
      timers,
      windowMax: 200,
      receiveWindowMax: 200,
      onRequest(request, reply) {
        if (request.command === 'deliver_sm') {
          const receipt = parseReceipt(request.short_message.toString('latin1'), request.tlvs);
          const id = receipt?.id ?? '';
          receipts.set(id, { count: (receipts.get(id)?.count ?? 0) + 1, state: receipt?.state });
          const state = receipt?.state && apiStates[receipt.state];
          if (witness && state) witness.journal.write({ kind: 'reported', tenant: witness.tenant, id, state, by: 'smpp' });
        }
        reply.ok();
      },
      onClose() {
        if (!closing) session = eventually('bound again', connect, 60_000);
      },
    });
    const answer = await made.bind({
      command: 'bind_transceiver',
      system_id: address.systemId,
      password: address.password,
      interface_version: 0x34,
    });
    if (answer.kind !== 'response' || answer.pdu.status !== 0) throw new Error(`not bound: ${answer.kind}`);
    return made;
  }

  return {
    receipts,
    get resubmitted() {
      return resubmitted;
    },
    async submit(to, text) {
      for (;;) {
        const bound = await session;
        if (bound.state !== 'bound_trx') {
          await eventually('another session', async () => (await session) !== bound, 60_000);
          continue;
        }
        const told = witness && tellingOf(witness, `${++refs}`, contentOf(to, text));
        const answer = await bound.request({
          command: 'submit_sm',
          source_addr: 'Helio',
          source_addr_ton: 5,
          dest_addr_ton: 1,
          dest_addr_npi: 1,
          destination_addr: to,
          registered_delivery: 1,
          short_message: Buffer.from(text),
        });
        told?.(answer);
        if (answer.kind === 'response' && answer.pdu.command === 'submit_sm_resp' && answer.pdu.status === 0) return answer.pdu.message_id;
        // refused (unavailable) or unanswered: a tenant tries again
        resubmitted++;
      }
    },
    async close() {
      closing = true;
      await (await session).unbind();
    },
  };
}

/** As smpp-ingress says them; `UNDELIVERABLE` is failed as well. */
const apiStates: Partial<Record<MessageState, string>> = {
  DELIVERED: 'delivered',
  UNDELIVERABLE: 'undelivered',
  REJECTED: 'rejected',
  EXPIRED: 'expired',
  UNKNOWN: 'no_report',
  DELETED: 'cancelled',
};

/** Notes that it is asked, and gives what notes the answer. */
function tellingOf({ journal, tenant }: Witness, ref: string, content: string): (answer: RequestOutcome<'submit_sm'>) => void {
  journal.write({ kind: 'asked', tenant, ref, content, door: 'smpp', reportWanted: true });
  return (answer) => {
    if (answer.kind === 'response' && answer.pdu.command === 'submit_sm_resp' && answer.pdu.status === 0)
      journal.write({ kind: 'accepted', tenant, ref, id: answer.pdu.message_id });
    else if (answer.kind === 'response') journal.write({ kind: 'refused', tenant, ref, reason: statusName(answer.pdu.status) });
    // it never left: nobody can have accepted it
    else if (answer.kind === 'closed' && !answer.written) journal.write({ kind: 'refused', tenant, ref, reason: 'not sent' });
    else journal.write({ kind: 'unanswered', tenant, ref, reason: answer.kind });
  };
}
