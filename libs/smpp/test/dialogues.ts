import { readdirSync, readFileSync } from 'node:fs';
import { type CommandName, encodePdu, pduTable, type PduToWrite, tlvTable, type TlvName, tlvs, type TlvValues } from '../src/index.ts';
import { connectRaw } from './links.ts';

/**
 * Dialogues as files, testdata/dialogues/NN-name.txt. `#` lines: why it exists; how npm `smpp` does (same, or differs, and in
 * what). `>` is what the peer sends and `<` what the server must answer, in octets and in this order, with nothing between or
 * after: `command sequence_number name=value…`, optional parameters as `tlv.name=value`, an error status without a body, or
 * `hex …`. `< closed`: the server ends the connection.
 */
export type Dialogue = { name: string; why: string; npm: 'same' | 'differs'; steps: readonly Step[] };

type Step = { line: string } & ({ kind: 'send' | 'expect'; octets: Buffer } | { kind: 'closed' });

const folder = new URL('../testdata/dialogues/', import.meta.url);

export function readDialogues(): Dialogue[] {
  return readdirSync(folder).map((name) => {
    const lines = readFileSync(new URL(name, folder), 'utf8').trimEnd().split('\n');
    const npm = /^# npm smpp: (same|differs, .+)$/.exec(lines[1]!);
    if (!lines[0]!.startsWith('# ') || npm === null) throw new Error(`${name} does not say why it exists and how npm smpp does`);
    return {
      name,
      why: lines[0]!.slice(2),
      npm: npm[1] === 'same' ? 'same' : 'differs',
      steps: lines.filter((line) => !line.startsWith('#')).map(stepOf),
    };
  });
}

/** Where the dialogue first goes otherwise than written, or undefined when it does not. */
export async function replay({ steps }: Dialogue, port: number): Promise<string | undefined> {
  const raw = await connectRaw(port);
  const ended = raw.ended.then(() => undefined);
  let taken = 0;
  try {
    for (const step of steps) {
      if (step.kind === 'send') raw.send(step.octets);
      if (step.kind !== 'expect') continue;
      const answer = await Promise.race([raw.pdus.next(), ended]);
      if (answer === undefined) return `${step.line}: the connection ended`;
      taken++;
      const octets = encodePdu(answer);
      if (!octets.equals(step.octets)) return `${step.line}: ${step.octets.toString('hex')} is not ${octets.toString('hex')}`;
    }
    if (steps.at(-1)!.kind !== 'closed') raw.socket.end();
    await ended;
    return raw.pdus.seen.length === taken ? undefined : `more than was written: ${JSON.stringify(raw.pdus.seen.slice(taken))}`;
  } finally {
    raw.socket.destroy();
  }
}

function stepOf(line: string): Step {
  if (line === '< closed') return { kind: 'closed', line };
  const [direction, ...words] = line.split(' ');
  if (direction !== '>' && direction !== '<') throw new Error(`"${line}" begins with neither > nor <`);
  const octets = words[0] === 'hex' ? Buffer.from(words.slice(1).join(''), 'hex') : encodePdu(pduOf(words));
  return { kind: direction === '>' ? 'send' : 'expect', line, octets };
}

function pduOf([name, sequence, ...pairs]: string[]): PduToWrite {
  const command = name as CommandName;
  const pdu: Record<string, unknown> = { command, sequence: Number(sequence) };
  const optional: Record<string, unknown> = {};
  for (const pair of pairs) {
    const [key, text] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    if (key === 'status') Object.assign(pdu, { status: Number(text) }, command.endsWith('_resp') ? { headerOnly: true } : {});
    else if (key.startsWith('tlv.')) optional[key.slice(4)] = tlvTable[key.slice(4) as TlvName].kind === 'integer' ? Number(text) : text;
    else pdu[key] = valueOf((pduTable[command].fields as Record<string, { empty: unknown }>)[key]!.empty, text);
  }
  return { ...pdu, tlvs: tlvs(optional as TlvValues) } as unknown as PduToWrite;
}

/** `text` in the type of `empty`. */
function valueOf(empty: unknown, text: string): unknown {
  if (typeof empty === 'number') return Number(text);
  return Buffer.isBuffer(empty) ? Buffer.from(text, 'latin1') : text;
}
