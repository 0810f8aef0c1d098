import { readFileSync } from 'node:fs';

/** Of the environment that a running process was started with. Throws when it is not there. */
export function variableOf(pid: number, name: string): string {
  const line = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .find((one) => one.startsWith(`${name}=`));
  if (line === undefined) throw new Error(`process ${pid} has no ${name}`);
  return line.slice(name.length + 1);
}
