import { parseArgs, type ParseArgsConfig } from 'node:util';

export interface OptionHelp {
  /** What follows the flag; without it the option is a switch. */
  readonly argument?: string;
  readonly default?: string | undefined;
  readonly help: string;
}

/** What `parseArgs` reads, or what is wrong with the arguments. */
export function readArguments<const Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> | string {
  try {
    return parseArgs(config);
  } catch (error) {
    // parseArgs says by an exception what is wrong with the arguments, in words for people
    return (error as Error).message;
  }
}

/** Lines of a help text: a row for each option, by its flag. */
export function helpRows(table: Readonly<Record<string, OptionHelp>>): string[] {
  const rows = Object.entries(table).map(([flag, { argument, default: otherwise, help }]) => ({
    name: `--${flag}${argument === undefined ? '' : ` ${argument}`}`,
    text: `${help}${otherwise === undefined ? '' : ` [${otherwise}]`}`,
  }));
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows.map(({ name, text }) => `  ${name.padEnd(width)}  ${text}`);
}
