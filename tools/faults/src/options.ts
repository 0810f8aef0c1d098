import { parseArgs } from 'node:util';

export interface Options {
  readonly seed: number;
  /** Part of a fault's name, or of its group's. */
  readonly only: string | undefined;
  readonly short: boolean;
  readonly messages: number;
  readonly rounds: number;
  readonly write: boolean;
  readonly together: boolean;
  readonly follow: boolean;
}

export type ParsedOptions =
  | { readonly kind: 'run'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly errors: readonly string[] };

export const helpText = `npm run faults -- [options]

Does each fault to a Heliograph of its own while messages flow, and checks the journals of everybody around it.
Ends with 0 when nothing was lost, doubled or charged twice beyond what is promised, with 1 when something was.

  --seed N       chooses the moments; printed, and another one each time unless given
  --only TEXT    only faults with this in their name or their group
  --short        only the short ones, which npm test runs too
  --messages N   of each run, at least [2000]
  --rounds N     runs of each fault, each with a seed of its own [1]
  --write        writes the measured table into docs/reliability.md
  --together     one Heliograph for all of them, where a fault needs none of its own: faster
  --follow       tells each story while it happens
  --list         names the faults
  --help         this text
`;

export function parseOptions(args: readonly string[], newSeed: () => number): ParsedOptions | { readonly kind: 'list' } {
  const options = {
    seed: { type: 'string' },
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
    messages: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
    together: { type: 'boolean', default: false },
    follow: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    return { kind: 'wrong', errors: [(error as Error).message] };
  }
  if (values.help) return { kind: 'help' };
  if (values.list) return { kind: 'list' };
  const errors: string[] = [];
  const whole = (name: string, text: string, min: number, max: number): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) errors.push(`--${name} must be ${min} to ${max} (got "${text}")`);
    return value;
  };
  const read: Options = {
    seed: values.seed === undefined ? newSeed() : whole('seed', values.seed, 0, 2 ** 32 - 1),
    only: values.only,
    short: values.short,
    messages: whole('messages', values.messages, 50, 1_000_000),
    rounds: whole('rounds', values.rounds, 1, 1_000),
    write: values.write,
    together: values.together,
    follow: values.follow,
  };
  return errors.length > 0 ? { kind: 'wrong', errors } : { kind: 'run', options: read };
}
