import type { FaultResult } from './run-fault.ts';

/** Runs of one fault together. */
export interface Row {
  readonly fault: string;
  readonly cells: readonly string[];
}

export const columns = [
  'fault',
  'runs',
  'messages',
  'lost',
  'doubled (unnoted)',
  'charged twice',
  'reports missing',
  'answers other than accepted',
  'longest pause of accepting, s',
  'accepts again after, s',
  'all final and reported after, s',
  'verdict',
  'measured',
] as const;

/** `now`: when they ended, Unix ms. */
export function rowsOf(results: readonly FaultResult[], now: number): Row[] {
  return [...new Set(results.map(({ fault }) => fault))].map((fault) => {
    const runs = results.filter((result) => result.fault === fault);
    const sum = (of: (result: FaultResult) => number): number => runs.reduce((total, result) => total + of(result), 0);
    const worst = (of: (result: FaultResult) => number): string => seconds(Math.max(...runs.map(of)));
    const failed = runs.filter(({ failures }) => failures.length > 0).length;
    return {
      fault,
      cells: [
        fault,
        String(runs.length),
        String(sum(({ messages }) => messages)),
        known(sum(({ lost }) => lost)),
        `${known(sum(({ doubled, unnoted }) => doubled + unnoted))} (${known(sum(({ unnoted }) => unnoted))})`,
        known(sum(({ chargedTwice }) => chargedTwice)),
        known(sum(({ reportsMissing }) => reportsMissing)),
        errorsOf(runs),
        worst(({ pauseS }) => pauseS),
        worst(({ againS }) => againS),
        worst(({ finalS }) => finalS),
        failed === 0 ? 'held' : `FAILED ${failed} of ${runs.length}`,
        `${new Date(now).toISOString().slice(0, 10)}, seed ${runs.map(({ seed }) => seed).join(', ')}`,
      ],
    };
  });
}

/**
 * The rows of a page's table with these in the place of what was measured of the same faults before, in the order of `order`; what is in the page and not
 * in `order` is a fault that there is no more.
 */
export function mergedRows(page: string, rows: readonly Row[], order: readonly string[]): Row[] {
  const known = new Map([...rowsIn(page), ...rows].map((row) => [row.fault, row]));
  return order.flatMap((fault) => known.get(fault) ?? []);
}

function rowsIn(page: string): Row[] {
  const [from, until] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || until < from) return [];
  const lines = page.slice(from, until).split('\n');
  return lines.flatMap((line) => {
    const cells = line.startsWith('|') ? line.slice(1, line.lastIndexOf('|')).split('|') : [];
    const trimmed = cells.map((cell) => cell.trim());
    const [fault = ''] = trimmed;
    const isRow = trimmed.length === columns.length && fault !== columns[0] && !fault.startsWith('---');
    return isRow ? [{ fault, cells: trimmed }] : [];
  });
}

export function markdownOf(rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns),
    line(columns.map((_, i) => (i === 0 || i === 7 || i >= 11 ? '---' : '---:'))),
    ...rows.map(({ cells }) => line(cells)),
  ].join('\n');
}

const [begin, end] = ['<!-- faults: written by npm run faults -- --write -->', '<!-- /faults -->'];

/** The page with the table between its two marker lines; at its end when they are not there yet. */
export function withTable(page: string, table: string): string {
  const block = `${begin}\n\n${table}\n\n${end}`;
  const [from, until] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || until < from) return `${page.trimEnd()}\n\n${block}\n`.trimStart();
  return page.slice(0, from) + block + page.slice(until + end.length);
}

function errorsOf(runs: readonly FaultResult[]): string {
  const total = new Map<string, number>();
  for (const { errors } of runs) for (const [word, count] of Object.entries(errors)) total.set(word, (total.get(word) ?? 0) + count);
  return total.size === 0 ? 'none' : [...total].map(([word, count]) => `${count} ${word}`).join(', ');
}

function known(count: number): string {
  return Number.isNaN(count) ? '?' : String(count);
}

function seconds(value: number): string {
  return Number.isNaN(value) ? '?' : value.toFixed(1);
}
