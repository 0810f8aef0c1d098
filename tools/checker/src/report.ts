import type { CheckResult } from './check-run.ts';
import type { InvariantResult, Violation } from './finding.ts';

/** For people: a line an invariant with its counts, the first violations below it, and the verdict. */
export function reportText({ ok, invariants }: CheckResult): string {
  const broken = invariants.filter((one) => !one.ok);
  const verdict = ok ? 'All of it holds.' : `Broken: ${broken.map(({ invariant }) => invariant).join(', ')}.`;
  return `${invariants.map(sectionOf).join('\n')}\n${verdict}\n`;
}

export function reportJson(result: CheckResult): string {
  return `${JSON.stringify(result, undefined, 2)}\n`;
}

function sectionOf({ invariant, words, counts, violations, violationCount, ok }: InvariantResult): string {
  const width = Math.max(...Object.keys(counts).map(({ length }) => length));
  const figures = Object.values(counts).map((count) => count.toLocaleString('en-US', { maximumFractionDigits: 6 }));
  const figureWidth = Math.max(...figures.map(({ length }) => length));
  const more = violationCount - violations.length;
  return [
    `${ok ? 'ok    ' : 'BROKEN'}  ${invariant}  ${words}`,
    ...Object.keys(counts).map((name, i) => `           ${name.padEnd(width)}  ${figures[i]?.padStart(figureWidth)}`),
    ...violations.map((one) => `        ${ok ? '-' : '!'}  ${violationText(one)}`),
    ...(more > 0 ? [`           and ${more} more`] : []),
    '',
  ].join('\n');
}

function violationText({ kind, tenant, id, content, detail }: Violation): string {
  const where = [tenant && `tenant ${tenant}`, id && `message ${id}`, content && `content ${content}`].filter(Boolean).join(', ');
  return `${kind}: ${[where, detail].filter(Boolean).join(': ')}`;
}
