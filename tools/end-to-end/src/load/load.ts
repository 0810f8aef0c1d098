import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { DriveOptions, DriveResult } from './drive.ts';
import type { SinkCounts } from './sink.ts';

/** A sink that takes everything and drivers, in a process beside. One question at a time. */
export interface Load {
  readonly pid: number;
  readonly sinkPort: number;
  /** `nowMs`: by the clock of `lastArrivedAtMs`. */
  counts(): Promise<SinkCounts & { readonly nowMs: number }>;
  drive(options: DriveOptions): Promise<DriveResult>;
  stop(): Promise<void>;
}

export type LoadQuestion = { readonly ask: 'counts'; readonly options?: never } | { readonly ask: 'drive'; readonly options: DriveOptions };
export type LoadAnswer = { readonly value: object; readonly error?: never } | { readonly error: string; readonly value?: never };

export async function startLoad(): Promise<Load> {
  const child = fork(join(import.meta.dirname, 'load-process.ts'), { serialization: 'advanced', execArgv: [] });
  const answered = async <Value>(): Promise<Value> => {
    const [{ value, error }] = (await once(child, 'message')) as [LoadAnswer];
    if (error !== undefined) throw new Error(error);
    return value as Value;
  };
  const ask = <Value>(question: LoadQuestion): Promise<Value> => {
    const answer = answered<Value>();
    child.send(question);
    return answer;
  };
  const { port } = await answered<{ port: number }>();
  return {
    pid: child.pid as number,
    sinkPort: port,
    counts: () => ask({ ask: 'counts' }),
    drive: (options) => ask({ ask: 'drive', options }),
    async stop() {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
