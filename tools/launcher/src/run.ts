import { summaryJson, summaryText } from './banner.ts';
import { launch } from './launch.ts';
import type { Launch, Stack } from './launch.ts';
import { helpText, parseOptions } from './options.ts';

/**
 * The program's life around `launch`: arguments in, progress on stderr, the result on stdout, signals to a stop, exit codes (0 stopped as
 * asked, 1 did not start, 2 wrong options, 130 stopped the hard way).
 */
export async function runLauncher(stack: Stack): Promise<void> {
  const parsed = parseOptions(process.argv.slice(2), process.env, stack.root);
  if (parsed.kind === 'help') return void process.stdout.write(helpText());
  if (parsed.kind === 'wrong') {
    process.stderr.write(parsed.errors.map((error) => `${error}\n`).join(''));
    process.exitCode = 2;
    return;
  }
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined); // a closed terminal must not stop the stop

  const { options } = parsed;
  const running = launch({ options, stack, env: process.env, say });
  stopOnSignals(running);
  try {
    const summary = await running.ready;
    say('ready');
    process.stdout.write(options.json ? summaryJson(summary) : summaryText(summary));
  } catch (error) {
    if (stopping) return; // asked to stop while starting
    process.stderr.write(`\nHeliograph did not start.\n${(error as Error).message}\n`);
    process.exit(1);
  }
}

/** One Ctrl-C arrives several times: from the terminal, from npm and from the bootstrap, which both pass it on. */
const echoMs = 1_000;
let stopping: { sinceMs: number } | undefined;

function stopOnSignals(running: Launch): void {
  const asked = () => {
    if (!stopping) {
      stopping = { sinceMs: performance.now() };
      say('stopping (again to stop at once)');
      void running.stop().then(() => {
        say('stopped');
        process.exit(0);
      });
    } else if (performance.now() - stopping.sinceMs > echoMs) {
      running.kill();
      process.exit(130);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, asked);
  // Started by the bootstrap: it was killed.
  process.once('disconnect', () => !stopping && asked());
}

const startedMs = performance.now();

function say(line: string): void {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`${seconds} s  ${line.replaceAll('\n', `\n${' '.repeat(10)}`)}\n`);
}
