import { streams, type EventType } from '@heliograph/message';
import { openConnection } from '@heliograph/queue';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';

/** Subjects below the event's type that some reader of the demo has. */
const readBy: Partial<Record<EventType, string>> = {
  'message.submitted': 'normal',
  'message.due': 'normal.0198c5a0f00d7000800000000000dead',
  'message.routed': 'demo-carrier.normal',
  'message.backlogged': 'demo-carrier.normal.demo',
  'report.due': 'smpp.demo-smpp',
  'inbound.due': 'smpp.demo-smpp',
};

/** Octets that no version of the platform wrote, on subjects that it reads. */
const poisons: readonly (string | Uint8Array)[] = [
  Uint8Array.of(0xff, 0xfe, 0x00, 0x80),
  '',
  '{',
  '[]',
  'null',
  '{}\n{}',
  '{"type":"nothing.known","at":0}',
  '{"type":"__proto__","at":0}',
];

/** Of a stream's own type, and nothing else: what is read of it is not there. */
const hollow = (type: string): string => JSON.stringify({ type, at: Date.now() });

/** Puts each poison into each stream; gives how many records that made. Their place is the dead letters. */
export async function poison(natsUrl: string): Promise<number> {
  const connection = await openConnection({ url: natsUrl, name: 'faults' });
  try {
    const js = jetstream(connection);
    let records = 0;
    for (const { events } of Object.values(streams)) {
      for (const type of events) {
        for (const octets of [...poisons, hollow(type)]) {
          await js.publish(`${type}.${readBy[type] ?? 'all'}`, octets);
          records++;
        }
      }
    }
    return records;
  } finally {
    await connection.close();
  }
}

/** Records in the dead letters. */
export async function buried(natsUrl: string): Promise<number> {
  const connection = await openConnection({ url: natsUrl, name: 'faults' });
  try {
    return (await (await jetstreamManager(connection)).streams.info('DEAD')).state.messages;
  } finally {
    await connection.close();
  }
}
