/** Of docs/benchmarks.md: what one benchmark printed, with the circumstances. */
export interface Section {
  /** Of the benchmark, below the project's root. */
  readonly file: string;
  readonly text: string;
}

const heading = [
  '# Benchmarks',
  '',
  'Written by `npm run bench -- --write`; what each does, and what `--full` changes, is in tools/bench/README.md. Each says when and on what it was measured: a load average above 0',
  'before it began means that something else ran beside it, or had a moment before. Where the CPU goes within a process is shown by `npm run profile`.',
  '',
];

export function readSections(page: string): Section[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n');
      return { file: part.slice(0, end).trim(), text: part.slice(end + 1).trim() };
    });
}

/** By file; the later of two of one file. Those of files that are no more are left out. */
export function writeSections(sections: readonly Section[], files: readonly string[]): string {
  const latest = new Map(sections.filter(({ file }) => files.includes(file)).map((section) => [section.file, section]));
  const sorted = [...latest.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
  return [...heading, ...sorted.map(({ file, text }) => `## ${file}\n\n${text}\n`)].join('\n');
}
