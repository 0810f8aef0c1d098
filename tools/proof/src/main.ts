/** `npm run proof`: whether the money is right, tenant by tenant. */
import { run } from './run.ts';

process.exitCode = await run({
  args: process.argv.slice(2),
  env: process.env,
  nowMs: Date.now(),
  print: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
});
