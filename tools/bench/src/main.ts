/**
 * `npm run bench [-- --full] [--write] [FOLDER|FILE...]`: runs every *.bench.ts below these folders, one after the other, so that none disturbs another.
 * `--full`: as long and as many as the goals say (an hour and more), else what tells the same in minutes. `--write` puts what they print, with the
 * day and the load of the machine, into docs/benchmarks.md, where the sections of those that did not run stay as they are, and works docs/sizing.md
 * out of it. One that fails leaves both as they were.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatted } from './formatted.ts';
import { readSections, writeSections, type Section } from './sections.ts';
import { sizingPage } from './sizing-page.ts';

const root = join(import.meta.dirname, '../../..');
const { values, positionals: folders } = parseArgs({
  options: { write: { type: 'boolean', default: false }, full: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const known = globSync(['apps/*/src/**/*.bench.ts', 'libs/*/src/**/*.bench.ts', 'tools/*/src/**/*.bench.ts'], { cwd: root });
const files = known.filter((file) => folders.length === 0 || folders.some((folder) => file.startsWith(folder))).sort();

if (files.length === 0) {
  console.error(`no benchmark below ${folders.join(', ')}`);
  process.exitCode = 1;
}
const measured: Section[] = [];
for (const file of files) {
  console.log(`\n# ${file}`);
  const busyBefore = loadavg()[0] ?? 0;
  const { status, stdout } = spawnSync(process.execPath, [file], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env: { ...process.env, ...(values.full && { BENCH_FULL: '1' }) },
  });
  process.stdout.write(stdout);
  measured.push({ file, text: `${circumstances(busyBefore)}\n\n\`\`\`text\n${stdout.trim()}\n\`\`\`` });
  if (status !== 0) process.exitCode = 1;
}
if (values.write && process.exitCode === undefined) {
  const path = join(root, 'docs/benchmarks.md');
  const page = await formatted(writeSections([...readSections(readFileSync(path, 'utf8')), ...measured], known));
  writeFileSync(path, page);
  writeFileSync(join(root, 'docs/sizing.md'), await formatted(sizingPage(page)));
}

function circumstances(busyBefore: number): string {
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}, ${process.platform} ${process.arch}`;
  return `${new Date().toISOString().slice(0, 10)}${values.full ? ', --full' : ''}: ${machine}; load average before ${busyBefore.toFixed(1)}.`;
}
