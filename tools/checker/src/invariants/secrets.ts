import { createFinding, type InvariantResult } from '../finding.ts';

/** A line of a log that has a secret. */
export interface Leak {
  readonly file: string;
  readonly line: number;
}

export const secretCharactersMin = 4;

/** Whether a text has any of so many secrets, at a cost that does not depend on how many there are. */
export function createSecretFinder(secrets: readonly string[]): (text: string) => boolean {
  if (secrets.length === 0) return () => false;
  const width = Math.min(...secrets.map(({ length }) => length));
  const byBeginning = new Map<string, string[]>();
  for (const secret of secrets) {
    const beginning = secret.slice(0, width);
    byBeginning.set(beginning, [...(byBeginning.get(beginning) ?? []), secret]);
  }
  return (text) => {
    for (let at = 0; at + width <= text.length; at++) {
      if (byBeginning.get(text.slice(at, at + width))?.some((secret) => text.startsWith(secret, at))) return true;
    }
    return false;
  };
}

/** Says where, not which: the result is printed. */
export function secrets(leaks: readonly Leak[], counted: { files: number; lines: number; secrets: number }): InvariantResult {
  const finding = createFinding(7, 'no secret in a log');
  for (const { file, line } of leaks) finding.violation({ kind: 'leak', detail: `${file}:${line}` });
  return finding.result({ ...counted, leaks: leaks.length });
}
