import type { SmppConnectorSettings } from '@heliograph/registry';
import { errorCodeOf, type Answer, type AnswerKind } from './answer.ts';

/** When to try again, ms since the first try, ascending; by a kind of answer, or by a command_status as events show it, which wins. */
export type Retries = ReadonlyMap<AnswerKind | string, readonly number[]>;

export interface Tried {
  readonly retries: Retries;
  /** Tries that came to nothing, this one included: 1 or more. */
  readonly tries: number;
  /** Unix ms. */
  readonly firstTriedAtMs: number;
}

export function retriesOf(settings: SmppConnectorSettings['retries']): Retries {
  return new Map(
    Object.entries(settings).map(([of, seconds]) => [of.startsWith('0x') ? statusKey(of) : of, seconds.map((s) => s * 1_000)]),
  );
}

/** When what was answered so is tried again, unix ms; undefined: not any more. Without a list it is tried for ever, later and later. */
export function retryAtMs(answer: Answer, { retries, tries, firstTriedAtMs }: Tried, now: number): number | undefined {
  const delays = retries.get(errorCodeOf(answer) ?? '') ?? retries.get(answer.kind);
  if (!delays) return now + retryDelayMs(tries);
  const delayMs = delays.find((ms) => firstTriedAtMs + ms > now + earlyMs);
  return delayMs === undefined ? undefined : firstTriedAtMs + delayMs;
}

/** A timer may fire early by a little: the time it was for is not to come again. */
const earlyMs = 5;

const retryDelayMsMin = 1_000;
const retryDelayMsMax = 60_000;

/** 1 s doubling to 60 s. */
export function retryDelayMs(tries: number): number {
  return Math.min(retryDelayMsMin * 2 ** (tries - 1), retryDelayMsMax);
}

/** As `errorCodeOf` writes it. */
function statusKey(status: string): string {
  return `0x${status.slice(2).toUpperCase()}`;
}
