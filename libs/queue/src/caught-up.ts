import { setTimeout as pause } from 'node:timers/promises';
import { JetStreamApiError, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { streams, subjectsOf, type StageName, type StreamName } from '@heliograph/message';
import { notExpectedCode } from './publisher.ts';
import { lastSeqOf, type Reads } from './reads.ts';
import { durableName, subjectsTaken } from './worker.ts';

export interface CaughtUpOptions {
  /** One that reads the whole stream with one durable. */
  readonly stage: StageName;
  readonly stream: StreamName;
  readonly withinMs: number;
}

const lookEveryMs = 50;

/**
 * Waits until the stage, whichever of its processes did it, has dealt with every record that had reached the stream when this was asked. False:
 * not within the time, or the server does not answer.
 */
export async function caughtUp(
  { js, jsm, reads }: { js: Pick<JetStreamClient, 'publish'>; jsm: JetStreamManager; reads: Reads },
  { stage, stream, withinMs }: CaughtUpOptions,
): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  try {
    await passThrough(js, stream, withinMs);
    const { last_seq: last } = (await jsm.streams.info(stream)).state;
    // the replica that the durable runs on may lag: then nothing is pending there, of what it does not have
    const delivered = reads.replicated ? await lastSeqOf(reads, stream, subjectsTaken(stage, stream)) : 0;
    for (;;) {
      const info = await jsm.consumers.info(stream, durableName(stage));
      const idle = info.num_pending === 0 && info.num_ack_pending === 0 && info.delivered.stream_seq >= delivered;
      if (info.ack_floor.stream_seq >= last || idle) return true;
      if (performance.now() + lookEveryMs > untilMs) return false;
      await pause(lookEveryMs);
    }
  } catch {
    return false;
  }
}

/**
 * A stream's information may overtake records that wait to be stored (a disk that stands still for a while). A record that can never be the next
 * one takes their way and is refused at its end: when the answer is there, so are they.
 */
async function passThrough(js: Pick<JetStreamClient, 'publish'>, stream: StreamName, timeoutMs: number): Promise<void> {
  const subject = subjectsOf(streams[stream].events[0]).replace('>', 'nothing');
  try {
    await js.publish(subject, '', { expect: { lastSequence: Number.MAX_SAFE_INTEGER }, timeout: timeoutMs });
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== notExpectedCode) throw error;
  }
}
