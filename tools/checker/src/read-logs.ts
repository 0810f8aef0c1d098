import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createSecretFinder, type Leak } from './invariants/secrets.ts';

export interface SearchedLogs {
  readonly leaks: readonly Leak[];
  readonly files: number;
  readonly lines: number;
}

/** Every file of the folder and of those in it; names are of its own. */
export async function searchLogs(folder: string, strings: readonly string[]): Promise<SearchedLogs> {
  const hasSecret = createSecretFinder(strings);
  const leaks: Leak[] = [];
  let [files, lines] = [0, 0];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    files++;
    let line = 0;
    const file = join(entry.parentPath, entry.name);
    for await (const text of createInterface({ input: createReadStream(file, 'utf8') })) {
      line++;
      if (hasSecret(text)) leaks.push({ file, line });
    }
    lines += line;
  }
  return { leaks, files, lines };
}
