import { describe, expect, test } from '@jest/globals';
import { newId, type InboundReceived } from '@heliograph/message';
import { encodeUcs2 } from '@heliograph/segment';
import { assemble, closeGapped, isPart, keyOf, lateForMs, sameForMs, type Assembled, type Assembly, type PartEvent } from './assemble.ts';
import { inboundEvent } from './inbound.fixture.ts';
import { messageOf } from './inbound-message.ts';

/** As the table would hold it. */
function createBook() {
  let known: Assembly[] = [];
  return {
    take(event: InboundReceived, now = 0): Assembled {
      if (!isPart(event)) throw new Error('no part');
      const made = assemble(
        known.filter(({ key }) => key === keyOf(event)),
        event,
        now,
      );
      keep(made.assembly);
      return made;
    },
    close(now: number) {
      const closed = known.filter(({ state }) => state === 'open').map((one) => closeGapped(one, now));
      for (const { assembly } of closed) keep(assembly);
      return closed.map(({ message }) => message);
    },
    get known() {
      return known;
    },
  };
  function keep(assembly: Assembly | undefined): void {
    if (assembly) known = [...known.filter(({ id }) => id !== assembly.id), assembly];
  }
}

function part(sequence: number, total: number, special: Partial<InboundReceived> & { text?: string } = {}): PartEvent {
  return inboundEvent({ text: `(${sequence})`, part: { reference: 7, total, sequence }, ...special }) as PartEvent;
}

const text = (made: Assembled) => (made.message?.content.kind === 'text' ? made.message.content.text : undefined);

test('three parts in the order 3, 1, 2 are one message, with the id and the time of the one that came first', () => {
  const book = createBook();
  const [one, two, three] = [part(1, 3, { at: 20 }), part(2, 3, { at: 30 }), part(3, 3, { at: 10 })];
  expect(book.take(three).message).toBeUndefined();
  expect(book.take(one).message).toBeUndefined();
  expect(book.take(two).message).toEqual({
    id: three.id,
    connector: 'demo',
    from: '+31612345678',
    to: '+31699887766',
    content: { kind: 'text', text: '(1)(2)(3)' },
    receivedAtMs: 10,
    parts: 3,
  });
});

test.each<[string, Partial<InboundReceived>]>([
  ['handset', { from: { addr: '31611111111', ton: 1, npi: 1 } }],
  ['number', { to: { addr: '31611111111', ton: 1, npi: 1 } }],
  ['reference', { part: { reference: 8, total: 2, sequence: 2 } }],
  ['total', { part: { reference: 7, total: 3, sequence: 2 } }],
  ['group of connectors', { group: 'elsewhere' }],
])('parts of another %s are of another message', (_, other) => {
  const book = createBook();
  book.take(part(1, 2));
  expect(book.take(part(2, 2, other)).message).toBeUndefined();
  expect(book.known).toHaveLength(2);
});

test('parts come by any connector of a group', () => {
  const book = createBook();
  book.take(part(1, 2, { connector: 'a' }));
  expect(text(book.take(part(2, 2, { connector: 'b' })))).toBe('(1)(2)');
});

describe('what is handed over again', () => {
  test('the part that made it whole gives the same message again, the others nothing', () => {
    const book = createBook();
    const [one, two] = [part(1, 2), part(2, 2)];
    book.take(one);
    const made = book.take(two);
    expect(book.take(two).message).toEqual(made.message);
    expect(book.take(one)).toEqual({});
  });

  test('a part that came twice counts once, before and after', () => {
    const book = createBook();
    book.take(part(1, 2));
    expect(book.take(part(1, 2))).toEqual({});
    expect(text(book.take(part(2, 2)))).toBe('(1)(2)');
    expect(book.take(part(2, 2), sameForMs - 1)).toEqual({});
  });

  test('the same long after is a new message with a reference used again', () => {
    const book = createBook();
    book.take(part(1, 2));
    book.take(part(2, 2));
    book.take(part(1, 2), sameForMs);
    expect(text(book.take(part(2, 2), sameForMs))).toBe('(1)(2)');
  });

  test('another text with the same reference is a new message at once', () => {
    const book = createBook();
    book.take(part(1, 2));
    book.take(part(2, 2));
    expect(book.take(part(1, 2, { text: 'new' })).message).toBeUndefined();
    expect(text(book.take(part(2, 2)))).toBe('new(2)');
  });
});

describe('parts that are lost', () => {
  test.each<[string, number[], number, string, number[]]>([
    ['in the middle', [1, 3], 3, '(1)…(3)', [2]],
    ['at the beginning', [2, 3], 3, '…(2)(3)', [1]],
    ['at the end', [1, 2], 4, '(1)(2)…', [3, 4]],
  ])('%s: a gap, and their numbers', (_, there, total, expected, missing) => {
    const book = createBook();
    for (const sequence of there) book.take(part(sequence, total));
    expect(book.close(5)).toMatchObject([{ content: { text: expected }, missing, parts: total }]);
  });

  test('one that comes after that is handed on by itself, again when it is handed over again', () => {
    const book = createBook();
    book.take(part(1, 2));
    const [before] = book.close(5);
    const second = part(2, 2);
    const made = book.take(second, 6);
    expect(made).toMatchObject({ message: { id: second.id, content: { text: '(2)' }, parts: 2, late: 2 }, before });
    expect(book.take(second, 7)).toMatchObject({ message: made.message, before });
    expect(book.take(part(2, 2), 8)).toEqual({});
  });

  test('one that comes much later is of another message', () => {
    const book = createBook();
    book.take(part(1, 2));
    book.close(0);
    expect(book.take(part(2, 2), lateForMs).message).toBeUndefined();
    expect(book.close(lateForMs + 1)).toMatchObject([{ missing: [1], content: { text: '…(2)' } }]);
  });
});

describe('the text', () => {
  const cut = (whole: Buffer, at: number, special: Partial<InboundReceived>) => {
    const book = createBook();
    book.take(part(2, 2, { ...special, octets: whole.subarray(at).toString('base64') }));
    return book.take(part(1, 2, { ...special, octets: whole.subarray(0, at).toString('base64') })).message;
  };
  test.each<[string, Buffer, number, Partial<InboundReceived>, object]>([
    ['a surrogate pair cut in two', encodeUcs2('a😀b'), 4, { dataCoding: 8 }, { kind: 'text', text: 'a😀b' }],
    ['an escape cut from its septet', Buffer.from([0x61, 0x1b, 0x65]), 2, {}, { kind: 'text', text: 'a€' }],
    ['Latin-1 by its later part', Buffer.from('£1 é', 'latin1'), 2, { alphabet: 'gsm' }, { kind: 'text', text: '£1 é' }],
    ['Latin-1 as the provider has it', Buffer.from('@$', 'latin1'), 1, { alphabet: 'latin1' }, { kind: 'text', text: '@$' }],
    ['data', Buffer.from([0, 1, 2, 3]), 2, { dataCoding: 4, udh: '0504' }, { kind: 'binary', octets: 'AAECAw==', udh: '0504' }],
  ])('%s', (_, whole, at, special, content) => {
    expect(cut(whole, at, special)?.content).toEqual(content);
  });
});

test.each<[string, Partial<InboundReceived>, string]>([
  ['international', { from: { addr: '31612345678', ton: 1, npi: 1 } }, '+31612345678'],
  ['of unknown type', { from: { addr: '31612345678', ton: 0, npi: 0 } }, '+31612345678'],
  ['national', { from: { addr: '612345678', ton: 2, npi: 1 } }, '612345678'],
  ['a short code', { from: { addr: '4040', ton: 3, npi: 0 } }, '4040'],
  ['a name', { from: { addr: 'Lotto', ton: 5, npi: 0 } }, 'Lotto'],
])('an address is E.164 where it can be: %s', (_, special, from) => {
  expect(messageOf(inboundEvent(special)).from).toBe(from);
});

test('any order of parts, with any of them again and again, is one message with the same text', () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
  const random = mulberry32(seed);
  for (let round = 0; round < 300; round++) {
    const total = 2 + Math.floor(random() * 8);
    const parts = Array.from({ length: total }, (_, i) => part(i + 1, total, { text: `<${round}.${i}>` }));
    // as the provider sends it again: another id, and as the queue does: the same
    const again = parts.flatMap((one) => [...(random() < 0.4 ? [{ ...one, id: newId() }] : []), ...(random() < 0.4 ? [one] : [])]);
    const order = [...parts, ...again].map((one) => [random(), one] as const).sort(([a], [b]) => a - b);
    const book = createBook();
    const messages = order.flatMap(([, one]) => book.take(one, round).message ?? []);
    const expected = parts.map((_, i) => `<${round}.${i}>`).join('');
    const said = { seed, round };
    expect({ ...said, ids: new Set(messages.map(({ id }) => id)).size }).toEqual({ ...said, ids: 1 });
    expect({ ...said, texts: [...new Set(messages.map(({ content }) => content.kind === 'text' && content.text))] }).toEqual({
      ...said,
      texts: [expected],
    });
  }
});

function mulberry32(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
