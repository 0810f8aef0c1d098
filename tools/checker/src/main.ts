/** `npm run checker`: was anything lost, doubled or charged twice? */
import { run } from './run.ts';

process.exitCode = await run({
  args: process.argv.slice(2),
  env: process.env,
  print: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
});
