const shownLevels = new Set(['warn', 'error', 'fatal']);

/**
 * What the terminal shows of a service's line: warnings and worse in short form, undefined for the rest. On stderr, what is no JSON
 * is the runtime's own last words (a stack, out of memory): shown as it is.
 */
export function shortLine(service: string, line: string, stream: 'stdout' | 'stderr'): string | undefined {
  const entry = parseEntry(line);
  if (!entry) return stream === 'stderr' && line.trim() !== '' ? `${service}: ${line}` : undefined;
  if (!shownLevels.has(entry.level)) return undefined;
  const reason = entry.err?.message && entry.err.message !== entry.msg ? ` (${entry.err.message})` : '';
  return `${service} ${entry.level}: ${entry.msg ?? ''}${reason}`;
}

interface Entry {
  level: string;
  msg?: string;
  err?: { message?: string };
}

function parseEntry(line: string): Entry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as Entry;
    return typeof entry.level === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** Cuts a stream into lines; `flush` gives what is left at its end. */
export function lineSplitter(onLine: (line: string) => void): { write(chunk: string): void; flush(): void } {
  let rest = '';
  return {
    write: (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) onLine(line);
    },
    flush: () => {
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
