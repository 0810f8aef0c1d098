/** `npm run faults`: each fault of the table to a stack of its own, under load. */
import { faults } from './faults/index.ts';
import { run } from './run.ts';

// the stack of the run ends with us
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

process.exitCode = await run({
  args: process.argv.slice(2),
  faults,
  print: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
});
