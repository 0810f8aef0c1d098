import type { Duplex } from 'node:stream';
import type { PGlite } from '@electric-sql/pglite';
import type { Process } from '../time/scheduler.ts';
import type { Network } from './network.ts';

/**
 * PostgreSQL behind the network: the real server's code (PGlite), which knows one session only. So a connection that has a transaction open
 * has the server for itself until its end, and the others wait: transactions are one after the other, never interleaved.
 */
export function serveDatabase({
  network,
  port,
  process,
  database,
}: {
  network: Network;
  port: number;
  process: Process;
  database: PGlite;
}) {
  const waiting: { readonly socket: Duplex; readonly octets: Buffer }[] = [];
  let holder: Duplex | undefined;
  const answers = new Map<string, Buffer>();
  const names = new Map<string, string>();
  let named = 0;
  let statements = 0;

  function work(): void {
    for (;;) {
      const i = waiting.findIndex(({ socket }) => holder === undefined || holder === socket);
      const [next] = i < 0 ? [] : waiting.splice(i, 1);
      if (!next) return;
      if (next.socket.destroyed) continue;
      statements++;
      const answer = ask(next.octets);
      holder = isIdle(answer) ? undefined : next.socket;
      next.socket.write(answer);
    }
  }

  /** The same question again, with nothing written meanwhile: services look again and again whether anything has changed. */
  function ask(octets: Buffer): Buffer {
    const isRead = holder === undefined && isPlainRead(octets);
    const key = isRead ? octets.toString('latin1') : '';
    const known = isRead ? answers.get(key) : undefined;
    if (known) return known;
    const answer = execute(octets);
    if (isRead) answers.set(key, answer);
    else if (!changesNothing(octets, answer)) answers.clear();
    return answer;
  }

  /** Parsed and planned once for all connections, as the session is the same: half of what a statement costs is that. */
  function execute(octets: Buffer): Buffer {
    const question = readQuestion(octets);
    if (!question) return Buffer.from(database.execProtocolRawSync(octets));
    const { text, types, parameters, rest } = question;
    const key = `${text}\0${types.toString('hex')}`;
    const known = names.get(key);
    const name = known ?? `s${++named}`;
    const parse = message('P', Buffer.concat([Buffer.from(`${name}\0${text}\0`, 'utf8'), types]));
    const bind = message('B', Buffer.concat([Buffer.from(`\0${name}\0`), parameters]));
    const answer = Buffer.from(database.execProtocolRawSync(Buffer.concat([...(known ? [] : [parse]), bind, rest])));
    if (known) return Buffer.concat([parseComplete, answer]);
    if (answer[0] === parseComplete[0]) names.set(key, name);
    return answer;
  }

  /** Its transaction goes with it. */
  function end(socket: Duplex): void {
    if (holder !== socket) return;
    answers.clear();
    database.execProtocolRawSync(simpleQuery('ROLLBACK'));
    holder = undefined;
    work();
  }

  function accept(socket: Duplex): void {
    let left = Buffer.alloc(0);
    let started = false;
    let group: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => {
      left = Buffer.concat([left, chunk]);
      for (;;) {
        const head = started ? 1 : 0;
        if (left.length < head + 4 || left.length < head + left.readUInt32BE(head)) return;
        const frame = left.subarray(0, head + left.readUInt32BE(head));
        left = left.subarray(frame.length);
        if (!started) {
          started = true;
          socket.write(welcome);
          continue;
        }
        const kind = String.fromCharCode(frame[0] as number);
        if (kind === 'X') return void socket.destroy();
        group.push(frame);
        // what is answered at once: up to Sync, or a simple query
        if (kind !== 'S' && kind !== 'Q') continue;
        waiting.push({ socket, octets: Buffer.concat(group) });
        group = [];
        work();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => end(socket));
  }

  network.listen(port, process, accept);
  return {
    get statements() {
      return statements;
    },
    /** Outside of time, for whoever judges. */
    async rows<Row>(sql: string): Promise<Row[]> {
      return (await database.query<Row>(sql)).rows;
    },
  };
}

interface Question {
  readonly text: string;
  /** Those of the parameters, as Parse has them. */
  readonly types: Buffer;
  /** What Bind has after the name of its statement. */
  readonly parameters: Buffer;
  readonly rest: Buffer;
}

/** A statement without a name, parsed and bound: what pg sends for a query with parameters. */
function readQuestion(octets: Buffer): Question | undefined {
  if (octets[0] !== 'P'.charCodeAt(0) || octets[5] !== 0) return undefined;
  const bindAt = 1 + octets.readUInt32BE(1);
  if (octets[bindAt] !== 'B'.charCodeAt(0) || octets[bindAt + 5] !== 0 || octets[bindAt + 6] !== 0) return undefined;
  const textEnds = octets.indexOf(0, 6);
  const bindEnds = bindAt + 1 + octets.readUInt32BE(bindAt + 1);
  return {
    text: octets.toString('utf8', 6, textEnds),
    types: octets.subarray(textEnds + 1, bindAt),
    parameters: octets.subarray(bindAt + 7, bindEnds),
    rest: octets.subarray(bindEnds),
  };
}

/** Its answer depends on what is stored alone: it locks nothing, and asks for no time, no number and no lock. */
function isPlainRead(octets: Buffer): boolean {
  if (octets[0] !== 'P'.charCodeAt(0)) return false;
  const text = octets.toString('latin1', 5, 1 + octets.readUInt32BE(1));
  return /^\0\s*SELECT/i.test(text) && !/FOR UPDATE|FOR SHARE|nextval|pg_|now\(|CURRENT_|clock_|billing\./i.test(text);
}

/** By what it says of itself (CommandComplete): no row was touched, or a transaction began or ended. A WITH may write whatever it says. */
function changesNothing(octets: Buffer, answer: Buffer): boolean {
  if (octets.includes('WITH ')) return false;
  for (let at = 0; at + 5 <= answer.length; at += 1 + answer.readUInt32BE(at + 1)) {
    if (answer[at] !== 'C'.charCodeAt(0)) continue;
    const tag = answer.toString('latin1', at + 5, at + answer.readUInt32BE(at + 1));
    if (!/^(SELECT \d+|BEGIN|COMMIT|ROLLBACK|(UPDATE|DELETE|INSERT 0) 0|SET)$/.test(tag)) return false;
  }
  return true;
}

/** ReadyForQuery is the last message: `I` = no transaction is open. */
function isIdle(answer: Buffer): boolean {
  return answer.at(-1) === 'I'.charCodeAt(0);
}

function simpleQuery(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.alloc(5);
  head.write('Q');
  head.writeUInt32BE(4 + text.length, 1);
  return Buffer.concat([head, text]);
}

function message(kind: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

const parseComplete = message('1', Buffer.alloc(0));

const welcome = Buffer.concat([
  message('R', Buffer.alloc(4)),
  ...[
    ['server_version', '17.0'],
    ['server_encoding', 'UTF8'],
    ['client_encoding', 'UTF8'],
    ['DateStyle', 'ISO, MDY'],
    ['integer_datetimes', 'on'],
    ['standard_conforming_strings', 'on'],
    ['TimeZone', 'UTC'],
  ].map((pair) => message('S', Buffer.from(`${pair.join('\0')}\0`))),
  message('K', Buffer.alloc(8)),
  message('Z', Buffer.from('I')),
]);
