/** The load of a benchmark as a process of its own, so that its CPU can be told from what it measures: a sink and drivers beside it. */
import { drive } from './drive.ts';
import type { LoadAnswer, LoadQuestion } from './load.ts';
import { startSink } from './sink.ts';

const sink = await startSink();
process.on('disconnect', () => process.exit());
process.on('message', async ({ ask, options }: LoadQuestion) => {
  try {
    answer({ value: ask === 'drive' ? await drive(options, sink.receiptSentAtMs) : { ...sink.counts(), nowMs: performance.now() } });
  } catch (error) {
    answer({ error: (error as Error).message });
  }
});
answer({ value: { port: sink.port } });

function answer(message: LoadAnswer): void {
  process.send?.(message);
}
