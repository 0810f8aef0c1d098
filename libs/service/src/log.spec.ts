import { beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from './log.ts';

let lines: string[];
beforeEach(() => void (lines = []));

const open = (level = 'trace') =>
  createLog({ name: 'router', level, instance: 'router-1', destination: { write: (line) => void lines.push(line) } });
const only = (): Record<string, unknown> => {
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
};

test('a line has level, time, service, instance, fields and message', () => {
  open().info({ id: 'm1', ms: 3 }, 'routed');
  expect(only()).toEqual({
    level: 'info',
    time: expect.any(Number),
    service: 'router',
    instance: 'router-1',
    id: 'm1',
    ms: 3,
    msg: 'routed',
  });
});

test('a level that is off prints nothing', () => {
  open('info').debug({ id: 'm1' }, 'routed');
  expect(lines).toEqual([]);
});

// Every way to call the log, each with the number, the text or the secret in another place.
const number = '+15551234567';
const careless: [string, (log: ReturnType<typeof open>) => void][] = [
  ['fields', (log) => log.info({ to: number, from: '15551234567', text: 'hello dolly', apiKey: 'hunter2' }, 'x')],
  ['nested fields', (log) => log.info({ a: { b: { c: { to: number, body: 'hello dolly', authorization: 'Bearer hunter2' } } } }, 'x')],
  ['message text', (log) => log.info(`sending to ${number} or 15551234567 with password=hunter2`)],
  ['format arguments', (log) => log.info('sending to %s, %j, %o', number, { to: number, text: 'hello dolly' }, { secret: 'hunter2' })],
  ['fields and format arguments', (log) => log.info({ id: 1 }, 'sending to %s', '15551234567')],
  ['error alone', (log) => log.error(new Error(`refused ${number} token=hunter2`))],
  ['error with message', (log) => log.error(new Error(`refused ${number}`), 'x %s', number)],
  ['error as err', (log) => log.error({ err: new Error(`refused ${number} token=hunter2`) })],
  ['error under another key', (log) => log.error({ reason: new Error(`refused ${number} token=hunter2`) }, 'x')],
  ['error as format argument', (log) => log.error('failed: %s', new Error(`refused ${number} token=hunter2`))],
  ['cause', (log) => log.error({ err: new Error('x', { cause: new Error(`refused ${number}`) }) }, 'x')],
  ['child bindings', (log) => log.child({ to: number, smsKey: 'hunter2' }).info('x')],
  [
    'child of a child',
    (log) =>
      log
        .child({ id: 1 })
        .child({ session: { systemId: 'a', password: 'hunter2', to: number } })
        .info('x'),
  ],
  [
    'set bindings',
    (log) => {
      const child = log.child({});
      child.setBindings({ token: 'hunter2', phone: number });
      child.info('x');
    },
  ],
  [
    'request url',
    (log) =>
      log.info(
        {
          req: {
            method: 'GET',
            url: `/smsapi/send?smsKey=hunter2&to=${number}&message=hello dolly`,
            headers: { authorization: 'Bearer hunter2', cookie: 'hunter2' },
            socket: {},
          },
        },
        'x',
      ),
  ],
];

test.each(careless)('number, text and secret are not printed: %s', (_name, write) => {
  write(open());
  expect(only()).toBeDefined();
  expect(lines.join('')).not.toMatch(/5551234567|hello dolly|hunter2/);
});

describe('what is left is useful', () => {
  test('an error keeps type, message and stack', () => {
    open().error({ err: new RangeError('bad pace') }, 'failed');
    expect(only()).toMatchObject({
      msg: 'failed',
      err: { type: 'RangeError', message: 'bad pace', stack: expect.stringContaining('log.spec.ts') },
    });
  });

  test('an error alone gives the message', () => {
    open().error(new Error('bad pace'));
    expect(only()).toMatchObject({ msg: 'bad pace', err: { message: 'bad pace' } });
  });

  test('format arguments are formatted', () => {
    open().info('%s of %d', 'two', 3);
    expect(only()).toMatchObject({ msg: 'two of 3' });
  });

  test('a percent sign in a formatted message stays', () => {
    open().info({ id: 1 }, '%s', '100%d');
    expect(only()).toMatchObject({ msg: '100%d' });
  });
});
