import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { kinds, type KindName, type Part } from './kinds.ts';

export interface Run {
  readonly args: readonly string[];
  /** To stdout. */
  print(text: string): void;
  /** To stderr. */
  warn(text: string): void;
}

interface Order {
  readonly kind: KindName;
  readonly count: number;
  readonly json: boolean;
  readonly file: string | undefined;
}

const countMax = 10_000;

/** Makes what is asked for and shows or writes it. Gives the exit code: 1 when the file could not be made, 2 for a wrong call. */
export function run({ args, print, warn }: Run): number {
  const asked = readOrder(args);
  if (asked === 'help') return (print(helpText()), 0);
  if (typeof asked === 'string') return (warn(`${asked}\n\n${helpText()}`), 2);
  const { kind, count, json, file } = asked;
  const made = Array.from({ length: count }, () => kinds[kind].make());
  if (file === undefined) return (print(json ? jsonOf(made) : textOf(made)), 0);
  const problem = writeSecrets(file, json ? jsonOf(made.map(ofFile)) : fileText(made));
  if (problem !== undefined) return (warn(`${problem}\n`), 1);
  const shown = made.map((parts) => parts.filter(({ is }) => is !== 'secret'));
  print(json ? jsonOf(shown, file) : `written to ${file} (mode 0600)\n${textOf(shown)}`);
  return 0;
}

function readOrder(args: readonly string[]): Order | 'help' | (string & {}) {
  const options = {
    json: { type: 'boolean' },
    write: { type: 'string' },
    count: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [kind = 'env', ...rest] = positionals;
    const count = Number(values.count);
    if (values.help) return 'help';
    if (!Object.hasOwn(kinds, kind)) return `"${kind}" is nothing that can be made`;
    if (rest.length > 0) return `one thing at a time: "${rest[0]}" is too much`;
    if (!Number.isInteger(count) || count < 1 || count > countMax) return `--count must be 1..${countMax}`;
    return { kind: kind as KindName, count, json: values.json ?? false, file: values.write };
  } catch (error) {
    // parseArgs says by an exception what is wrong with the arguments, in words for people
    return (error as Error).message;
  }
}

function helpText(): string {
  const width = Math.max(...Object.keys(kinds).map((name) => name.length));
  return [
    'npm run keys -- [KIND] [--count N] [--json] [--write FILE]',
    '',
    'Makes keys and passwords from the random numbers of the operating system; nothing is sent anywhere.',
    '--write puts the secret parts into a new file that only its owner may read (mode 0600), and shows the rest. A file that exists is left alone.',
    '',
    ...Object.entries(kinds).map(([name, { help }]) => `  ${name.padEnd(width)}  ${help}${name === 'env' ? ' (the default)' : ''}`),
    '',
  ].join('\n');
}

function jsonOf(made: readonly (readonly Part[])[], file?: string): string {
  const objects = made.map((parts) => ({
    ...(file === undefined ? {} : { file }),
    ...Object.fromEntries(parts.map(({ name, value }) => [name, value])),
  }));
  return `${JSON.stringify(objects.length === 1 ? objects[0] : objects, null, 2)}\n`;
}

/** Lines that are right in an .env file, too: what a person keeps is a comment there. */
function textOf(made: readonly (readonly Part[])[]): string {
  const lines = made.map((parts) =>
    parts.map(({ name, value, is }) => `${is === 'personal' ? `# keep it yourself, no server needs it: ` : ''}${name}=${value}\n`).join(''),
  );
  return lines.join('\n');
}

/** One secret alone stands as it is, as the launcher keeps its master.key; several have their names. */
function fileText(made: readonly (readonly Part[])[]): string {
  const secrets = made.map(ofFile);
  if (secrets.every(({ length }) => length === 1)) return secrets.flatMap((parts) => parts.map(({ value }) => `${value}\n`)).join('');
  return textOf(secrets);
}

function ofFile(parts: readonly Part[]): Part[] {
  return parts.filter(({ is }) => is === 'secret');
}

/** Gives what is wrong, in words for people. `wx`: also a link that leads nowhere yet is left alone. */
function writeSecrets(file: string, text: string): string | undefined {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'EEXIST' ? `${file} exists: nothing was written. Choose another name, or move it away.` : message;
  }
}
