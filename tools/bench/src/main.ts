/** `npm run bench [FOLDER...]`: runs every *.bench.ts below these folders, one after the other, so that none disturbs another. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const folders = process.argv.slice(2);
const files = globSync(['apps/*/src/**/*.bench.ts', 'libs/*/src/**/*.bench.ts', 'tools/*/src/**/*.bench.ts'], { cwd: root })
  .filter((file) => folders.length === 0 || folders.some((folder) => file.startsWith(folder)))
  .sort();

if (files.length === 0) {
  console.error(`no benchmark below ${folders.join(', ')}`);
  process.exitCode = 1;
}
for (const file of files) {
  console.log(`\n# ${file}`);
  const { status } = spawnSync(process.execPath, [file], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
