import { Refused, Unreachable } from './control-plane.ts';

/** What a command is called with. */
export interface Command {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** To stdout. */
  print(text: string): void;
  /** To stderr. */
  warn(text: string): void;
}

export type Parsed<Options> = { kind: 'run'; options: Options } | { kind: 'help' } | { kind: 'wrong'; errors: readonly string[] };

export interface Doing<Options> extends Pick<Command, 'print' | 'warn'> {
  readonly parsed: Parsed<Options>;
  readonly help: string;
  act(options: Options): Promise<number>;
}

/** Gives the exit code: that of `act`, 0 for help, 1 when the world is in the way, 2 for a wrong call. */
export async function runCommand<Options>({ parsed, help, act, print, warn }: Doing<Options>): Promise<number> {
  if (parsed.kind === 'help') return (print(help), 0);
  if (parsed.kind === 'wrong') return (warn(`${parsed.errors.join('\n')}\n\n${help}`), 2);
  try {
    return await act(parsed.options);
  } catch (error) {
    if (!isExpected(error)) throw error;
    warn(`${error.message}\n`);
    return 1;
  }
}

/** What the world does to us: a file that is not there, a server that refuses. Everything else is a bug. */
function isExpected(error: unknown): error is Error {
  return error instanceof Refused || error instanceof Unreachable || typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
