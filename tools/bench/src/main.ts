/**
 * `npm run bench [-- --write] [FOLDER...]`: runs every *.bench.ts below these folders, one after the other, so that none disturbs another.
 * `--write` puts what they print, with the day and the machine, into docs/benchmarks.md.
 */
import { spawnSync } from 'node:child_process';
import { globSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '../../..');
const { values, positionals: folders } = parseArgs({ options: { write: { type: 'boolean', default: false } }, allowPositionals: true });
const files = globSync(['apps/*/src/**/*.bench.ts', 'libs/*/src/**/*.bench.ts', 'tools/*/src/**/*.bench.ts'], { cwd: root })
  .filter((file) => folders.length === 0 || folders.some((folder) => file.startsWith(folder)))
  .sort();

if (files.length === 0) {
  console.error(`no benchmark below ${folders.join(', ')}`);
  process.exitCode = 1;
}
const busyBefore = loadavg()[0] ?? 0;
const sections: string[] = [];
for (const file of files) {
  console.log(`\n# ${file}`);
  const { status, stdout } = spawnSync(process.execPath, [file], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  process.stdout.write(stdout);
  sections.push(`## ${file}\n\n\`\`\`text\n${stdout.trim()}\n\`\`\`\n`);
  if (status !== 0) process.exitCode = 1;
}
if (values.write && process.exitCode === undefined) writeFileSync(join(root, 'docs/benchmarks.md'), [heading(), ...sections].join('\n'));

function heading(): string {
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}, ${process.platform} ${process.arch}`;
  return [
    '# Benchmarks',
    '',
    `As measured on ${new Date().toISOString().slice(0, 10)}, written by \`npm run bench -- --write\`: ${machine}.`,
    `The load average when it began was ${busyBefore.toFixed(1)}: above 0, something else ran beside it.`,
    '',
  ].join('\n');
}
