import type { StageName } from '@heliograph/message';
import type { Publisher } from './publisher.ts';

/** What a stage cannot make anything of, kept where people see it. `body`: the thing itself, and where it came from. Rejects with QueueUnavailableError. */
export function bury(publisher: Pick<Publisher, 'publishTo'>, stage: StageName, reason: string, body: object): Promise<void> {
  return publisher.publishTo(`dead.${stage}`, { ...body, stage, reason, at: Date.now() });
}
