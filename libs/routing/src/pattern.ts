import { RE2JS, RE2Set } from 're2js';

export const patternCharactersMax = 200;
/** Instructions of the compiled pattern: each character of a text costs so many steps at most, 4 ms for 1,500 of them at the worst (measured). */
const programSizeMax = 400;
/**
 * So many are looked for together, in one walk over the text: 2 to 4 µs for a text of 150 characters, where one after the other takes 50 µs and
 * more. A thousand together have so many states that they are made again and again.
 */
const togetherMax = 64;

/** Whether a text has the pattern, in time linear in its length. */
export type Pattern = (text: string) => boolean;

/** The patterns of a table: the same one is looked for once, and all of them together when the first is asked for. */
export interface Patterns {
  /** Throws for what `patternProblemOf` has words for. All are added before any is looked for. */
  add(pattern: string): Pattern;
}

interface Together {
  readonly set: RE2Set;
  size: number;
  text: string | undefined;
  found: readonly number[];
}

export function createPatterns(): Patterns {
  const known = new Map<string, Pattern>();
  let last: Together | undefined;

  function compile(pattern: string): Pattern {
    if (!last || last.size === togetherMax) last = { set: new RE2Set(), size: 0, text: undefined, found: [] };
    const together = last;
    const at = together.set.add(pattern);
    together.size++;
    return (text) => {
      if (text !== together.text) {
        together.found = together.set.match(text);
        together.text = text;
      }
      return together.found.includes(at);
    };
  }

  return {
    add(pattern) {
      let made = known.get(pattern);
      if (!made) known.set(pattern, (made = compile(pattern)));
      return made;
    },
  };
}

/** What is wrong with a pattern of `patternCharactersMax` at most, in words for whoever wrote it; undefined: nothing. */
export function patternProblemOf(pattern: string): string | undefined {
  try {
    return RE2JS.compile(pattern).programSize() > programSizeMax ? 'repeats too much' : undefined;
  } catch (error) {
    const what = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    return `is not a regular expression of RE2: ${what}`;
  }
}
