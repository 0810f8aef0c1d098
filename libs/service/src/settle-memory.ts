import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/**
 * Gives back what loading a program took and running it does not need: V8 keeps the space in which its modules were compiled for as long as a process
 * waits (docs/decisions/0016). Everything stands still for 0.05 to 0.7 s, so it is for the moment before a service says that it is ready.
 */
export function settleMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
