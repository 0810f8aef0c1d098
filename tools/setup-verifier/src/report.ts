import { checks, type Finding, type Result } from './checks.ts';
import type { Facts } from './facts.ts';

export interface Judged {
  readonly id: string;
  readonly title: string;
  /** The worst of its findings; `skipped`: there was nothing to look at. */
  readonly result: Result | 'skipped';
  readonly findings: readonly Finding[];
}

const worstFirst: readonly Result[] = ['fail', 'warn', 'pass'];

export function judge(facts: Facts): Judged[] {
  return checks.map(({ id, title, look }) => {
    const findings = look(facts);
    const result = worstFirst.find((one) => findings.some((finding) => finding.result === one)) ?? 'skipped';
    return { id, title, result, findings };
  });
}

/** A line for each check; below it what is not as it should be. */
export function reportText(judged: readonly Judged[]): string {
  const lines = judged.flatMap(({ title, result, findings }) => [
    `${words[result]}  ${title}`,
    ...findings
      .filter((finding) => finding.result !== 'pass')
      .map((finding) => `        ${finding.result === 'warn' && result === 'fail' ? 'warning: ' : ''}${finding.message}`),
  ]);
  const count = (wanted: Judged['result']): number => judged.filter(({ result }) => result === wanted).length;
  return `${lines.join('\n')}\n\n${count('pass')} passed, ${count('warn')} with warnings, ${count('fail')} failed, ${count('skipped')} not looked at\n`;
}

const words: Readonly<Record<Judged['result'], string>> = { pass: 'pass  ', warn: 'WARN  ', fail: 'FAIL  ', skipped: '-     ' };
