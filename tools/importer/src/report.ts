import type { Step } from './plan.ts';
import type { LineProblem } from './users.ts';

const heads = ['line', 'SystemID', 'credits', 'AddressRange', 'tenant', ''] as const;

/** What happens to each user, a line each; passwords and hashes are not shown. */
export function reportText({ steps, problems }: { steps: readonly Step[]; problems: readonly LineProblem[] }): string {
  const rows = steps.map(({ user, tenant, does }) => [
    String(user.line),
    user.systemId,
    String(user.credits),
    user.addressRange || '-',
    tenant,
    does === 'create' ? 'new' : 'there already',
  ]);
  return `${rows.length > 0 ? `${columns([[...heads], ...rows])}\n` : ''}${problemsText(problems)}`;
}

export function problemsText(problems: readonly LineProblem[]): string {
  return problems.length === 0 ? '' : `${problems.map(({ line, message }) => `line ${line}: ${message}`).join('\n')}\n\n`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = heads.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
