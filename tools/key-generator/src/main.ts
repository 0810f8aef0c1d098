/** `npm run keys`: makes keys and passwords. */
import { run } from './run.ts';

process.exitCode = run({
  args: process.argv.slice(2),
  print: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
});
