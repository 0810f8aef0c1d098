import type { Duplex } from 'node:stream';
import {
  commandStatus,
  createSession,
  formatReceipt,
  receiptTlvs,
  type MessageState,
  type PduOf,
  type Reply,
  type RequestPdu,
  type Session,
} from '@heliograph/smpp';
import type { Network } from './network/network.ts';
import type { Random } from './random.ts';
import type { Process, Scheduler } from './time/scheduler.ts';

/** What a provider saw. `part`: which of a long message it is; `token`: what the text names it by. */
export interface Submit {
  readonly atMs: number;
  readonly token: string;
  readonly part: number;
  /** Whether it goes to the handset, and whether its answer was on its way in time. */
  readonly how: 'taken' | 'taken_in_silence' | 'refused' | 'ignored';
  readonly id: string;
}

/** How likely it is, of each submit_sm, that its provider misbehaves so. */
export interface Misbehaviour {
  readonly silent: number;
  readonly ignores: number;
  readonly throttles: number;
  readonly refuses: number;
  readonly hangsUp: number;
  readonly receiptNever: number;
  readonly receiptEarly: number;
  readonly receiptTwice: number;
  readonly receiptOfNothing: number;
  readonly undelivered: number;
}

export interface ProviderOptions {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly random: Random;
  readonly process: Process;
  readonly port: number;
  readonly name: string;
  readonly misbehaves: () => Misbehaviour;
  readonly tell: (what: string) => void;
}

export interface Provider {
  readonly submits: readonly Submit[];
  /** Final states said of a token, in their order. */
  readonly said: readonly { readonly atMs: number; readonly token: string; readonly state: MessageState }[];
  /** When a session of it ended, unix ms: what was on the way is lost. */
  readonly endedAtMs: readonly number[];
}

interface Owed {
  readonly id: string;
  readonly token: string;
  readonly state: MessageState;
  readonly from: string;
  readonly to: string;
  tries: number;
}

const receiptTriesMax = 200;

export function startProvider({ scheduler, network, random, process, port, name, misbehaves, tell }: ProviderOptions): Provider {
  const submits: Submit[] = [];
  const said: { atMs: number; token: string; state: MessageState }[] = [];
  const endedAtMs: number[] = [];
  const receivers = new Set<Session>();
  let ids = 0;

  function accept(socket: Duplex): void {
    const session = createSession({
      socket,
      role: 'smsc',
      timers: { sessionInitMs: 10_000, enquireLinkMs: 30_000, inactivityMs: 0, responseMs: 10_000 },
      windowMax: 50,
      receiveWindowMax: 2_000,
      onRequest: (request, reply) => (request.command === 'submit_sm' ? submit(session, request, reply) : bind(session, request, reply)),
      onClose() {
        receivers.delete(session);
        endedAtMs.push(scheduler.nowMs);
        tell('a session ended');
      },
    });
  }

  function bind(session: Session, { command }: RequestPdu, reply: Reply): void {
    if (!command.startsWith('bind_')) return void reply.error(commandStatus.ESME_RINVCMDID);
    reply.ok({ system_id: name });
    if (command !== 'bind_transmitter') receivers.add(session);
  }

  function submit(session: Session, pdu: PduOf<'submit_sm'>, reply: Reply): void {
    const likely = misbehaves();
    const { token, part } = readText(pdu);
    const id = `${name}${(++ids).toString(16).padStart(6, '0')}`;
    const note = (how: Submit['how']): void => {
      submits.push({ atMs: scheduler.nowMs, token, part, how, id });
      tell(`${how} ${token}/${part} ${id}`);
    };
    const refusal = random.chance(likely.throttles) ? 'ESME_RTHROTTLED' : random.chance(likely.refuses) ? 'ESME_RSUBMITFAIL' : undefined;
    if (refusal) {
      note('refused');
      return void reply.error(commandStatus[refusal]);
    }
    if (random.chance(likely.ignores)) {
      note('ignored');
      return;
    }
    receipts(pdu, id, token, likely);
    if (random.chance(likely.hangsUp)) {
      note('taken_in_silence');
      return session.close({ code: 'dropping' });
    }
    if (random.chance(likely.silent)) {
      note('taken_in_silence');
      // later than anybody waits
      if (random.chance(0.5)) scheduler.after(random.integer(5_000, 60_000), () => reply.ok({ message_id: id }));
      return;
    }
    note('taken');
    scheduler.after(random.around(60), () => reply.ok({ message_id: id }));
  }

  function receipts(pdu: PduOf<'submit_sm'>, id: string, token: string, likely: Misbehaviour): void {
    if (random.chance(likely.receiptOfNothing)) owe(random.around(5_000), { id: `none${random.integer(1, 1e6)}`, token: '', state: 'DELIVERED', from: '1', to: '2', tries: 0 }); // prettier-ignore
    if (random.chance(likely.receiptNever)) return;
    const state: MessageState = random.chance(likely.undelivered)
      ? random.pick(['UNDELIVERABLE', 'EXPIRED', 'REJECTED'] as const)
      : 'DELIVERED';
    const owed: Owed = { id, token, state, from: pdu.destination_addr, to: pdu.source_addr, tries: 0 };
    const afterMs = random.chance(likely.receiptEarly) ? 0 : random.chance(0.1) ? random.around(20 * 60_000) : random.around(4_000);
    owe(afterMs, owed);
    if (random.chance(likely.receiptTwice)) owe(afterMs + random.around(60_000), { ...owed });
  }

  function owe(afterMs: number, owed: Owed): void {
    scheduler.after(afterMs, () => void send(owed), process);
  }

  async function send(owed: Owed): Promise<void> {
    const all = [...receivers].filter(({ windowFree }) => windowFree > 0);
    const session = all.length > 0 ? random.pick(all) : undefined;
    if (!session) return again(owed);
    const date = new Date(scheduler.nowMs);
    said.push({ atMs: scheduler.nowMs, token: owed.token, state: owed.state });
    tell(`receipt ${owed.token} ${owed.id} ${owed.state}`);
    const outcome = await session.request({
      command: 'deliver_sm',
      source_addr_ton: 1,
      source_addr_npi: 1,
      source_addr: owed.from,
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: owed.to,
      esm_class: 0x04,
      short_message: Buffer.from(formatReceipt({ id: owed.id, state: owed.state, submitDate: date, doneDate: date }), 'latin1'),
      tlvs: receiptTlvs({ id: owed.id, state: owed.state }),
    });
    if (outcome.kind !== 'response' || outcome.pdu.status !== 0) again(owed);
  }

  /** Providers try for a day or two; what was never answered may have come. */
  function again(owed: Owed): void {
    if (++owed.tries < receiptTriesMax) owe(2_000 + random.around(10_000), owed);
  }

  network.listen(port, process, accept);
  return { submits, said, endedAtMs };
}

/** The text says whose it is, in every part of it; the header says which part it is (3GPP TS 23.040 §9.2.3.24.1). */
function readText({ short_message: octets, esm_class: esm }: PduOf<'submit_sm'>): { token: string; part: number } {
  const hasHeader = (esm & 0x40) !== 0;
  const header = hasHeader ? (octets[0] as number) + 1 : 0;
  const part = hasHeader ? (octets[header - 1] as number) : 1;
  const [, token = ''] = /(m\d+)z/.exec(octets.subarray(header).toString('latin1')) ?? [];
  return { token, part };
}
