import type { ConnectorMode } from '@heliograph/message';
import type { Circuit, Sign } from './circuit.ts';
import type { Tally } from './tally.ts';

/** Whether messages may go out, beside windows and pace: an operator may have paused the connector, its provider may be away. Unix ms. */
export interface Gate {
  /** 0: now; Infinity: not until it is told to go on. */
  waitMs(now: number): number;
  /** It is shut, or nothing but what tries the provider goes out. */
  isShut(now: number): boolean;
  /** A message has gone out. */
  sent(now: number): void;
  /** A segment that went out at `sentAtMs` has come to this. */
  settled(sign: Sign, sentAtMs: number, now: number): void;
}

export const openGate: Gate = { waitMs: () => 0, isShut: () => false, sent() {}, settled() {} };

export interface GateOptions {
  readonly circuit: Circuit;
  readonly tally: Tally;
  readonly mode: () => ConnectorMode;
}

/** Paused, nothing goes out, not even what would try a provider that is away; what is out is awaited and counts. */
export function createGate({ circuit, tally, mode }: GateOptions): Gate {
  return {
    waitMs: (now) => (mode() === 'paused' ? Infinity : circuit.waitMs(now)),
    isShut: (now) => mode() === 'paused' || circuit.isOpen(now),
    sent: circuit.sent,
    settled(sign, sentAtMs, now) {
      tally.add(sign, now - sentAtMs, now);
      circuit.settled(sign, sentAtMs, now);
    },
  };
}
