import { connectorModes, messageClasses } from '@heliograph/message';
import { z } from 'zod';
import { named, time } from '../../http/schema.ts';
import { connector } from './schema.ts';
import { next } from '../schema.ts';

const count = z.int().min(0);

export const connectorState = z
  .enum(['up', 'down', 'unknown'])
  .describe('up: its provider takes messages; down: it is not bound, or does not answer; unknown: nobody runs it now');

const circuit = z
  .enum(['closed', 'half-open', 'open'])
  .describe('closed: messages go out; open: its provider takes none, so one now and then tries; half-open: that one is under way');

const links = z.strictObject({ bound: count, wanted: count }).describe('a bind of kind tx+rx has two');

const listed = z.strictObject({ ...connector.shape, state: connectorState });

export const connectorList = z.strictObject({ connectors: z.array(listed).describe('by id'), next });

export const modePut = z.strictObject({
  mode: z
    .enum(connectorModes)
    .describe(
      'running; draining: it sends what it has, and gets nothing new while there is another way; paused: it sends nothing and keeps its links',
    ),
});

const backlog = z.strictObject({
  class: z.enum(messageClasses),
  messages: count.describe('that wait in its queue, about'),
  records: count.describe('they are in so many'),
  oldestAt: time.nullable().describe('since when the first of them waits; null: none does, or it is not known'),
  tenants: z
    .array(z.strictObject({ tenant: z.string(), records: count }))
    .describe('with more than their share in the queue: what waits in queues of their own, in records of up to some hundred messages'),
});

export const connectorHealth = z.strictObject({
  mode: modePut.shape.mode,
  state: connectorState,
  links,
  circuit: circuit.nullable().describe('null: nobody runs it'),
  since: time.nullable().describe('since when the circuit is so; null: ever since it runs'),
  lastError: z.string().nullable(),
  lastMinute: z
    .strictObject({ accepted: count, later: count, throttled: count, permanent: count, unknown: count })
    .describe('segments by what its provider made of them; later: to be tried again; unknown: never answered'),
  responseMs: count.nullable().describe('mean time to its answers in the last minute; null: none came'),
  segmentsPerSecond: z.number().min(0).nullable().describe('what may go out now; null: as fast as it answers'),
  inFlight: count.describe('messages whose answers are awaited'),
  waiting: count.describe('messages at hand that wait for a window, the pace or a later try'),
  backlog: z.array(backlog).describe('the most urgent class first'),
  quality: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe('delivered share of what ended in the last hour, about; null: fewer than 50, or not known'),
  instances: z
    .array(z.strictObject({ instance: z.string(), links, circuit, at: time }))
    .describe('the processes that run it, and when each was heard last'),
});

named.add(listed, { id: 'ConnectorListed' });
named.add(connectorList, { id: 'ConnectorList' });
named.add(modePut, { id: 'ConnectorModePut' });
named.add(backlog, { id: 'ConnectorBacklog' });
named.add(connectorHealth, { id: 'ConnectorHealth' });
