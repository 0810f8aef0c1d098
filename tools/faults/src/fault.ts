import type { Carrier, CarrierOptions } from '@heliograph/carrier-simulator';
import type { Stack, StackOptions } from '@heliograph/end-to-end';
import type { Receiver } from './receiver.ts';

/** Something that goes wrong while messages flow, and what may be seen of it outside. */
export interface Fault {
  /** As it stands in the table: "kill -9 of router". */
  readonly name: string;
  readonly group: 'process' | 'provider' | 'receipt' | 'webhook' | 'machine' | 'cluster' | 'version' | 'overload';
  /** Part of the short set that `npm test` runs. */
  readonly isShort?: true;
  /** Why it cannot be done on this machine, such as "needs root"; undefined: it can. */
  readonly impossible?: () => string | undefined;
  readonly stack?: Partial<Omit<StackOptions, 'carrierPort'>>;
  /** Settings of the connector beside its address. */
  readonly connector?: Readonly<Record<string, unknown>>;
  /** Of the provider; receipts come after 20 ms unless said otherwise. */
  readonly carrier?: Partial<CarrierOptions>;
  /** Messages; the run's own default unless given. */
  readonly messages?: number;
  readonly allowed?: Allowed;
  /** Called when a part of the messages, chosen by the seed, is accepted; resolves when the fault is over. */
  strike(scene: Scene): Promise<void>;
}

/** What is no violation in this run. Nothing is unless it is said here. */
export interface Allowed {
  /** Messages that may be at the provider twice although no trace says that their outcome was unknown: see docs/reliability.md. */
  readonly unnotedMax?: number;
  /**
   * Answers a client may get, in the protocol's words, such as `ESME_RSYSERR` or `503 unavailable`; it submits again later. What never got an answer
   * is `unanswered`, what found no open port `ECONNREFUSED`.
   */
  readonly refusals?: readonly string[];
}

/** What a fault has in its hands. */
export interface Scene {
  readonly stack: Stack;
  readonly carrier: Carrier;
  /** Of webhooks: `acme`'s, which faults are done to, and `bravo`'s, which has nothing to do with it. Both submit by HTTP, `demo` by SMPP. */
  readonly receivers: Readonly<Record<'acme' | 'bravo', Receiver>>;
  /** Of a tenant, over HTTP with its own key. Rejects when it is refused. */
  asTenant<Answer>(tenant: string, method: string, path: string, body?: object): Promise<Answer>;
  /** As the operator, perhaps on behalf of a tenant. Rejects when it is refused. */
  operate(method: string, path: string, body?: object, tenant?: string): Promise<unknown>;
  /** 0 <= n < 1, from the run's seed. */
  readonly random: () => number;
  /** How many of the messages are accepted so far. */
  readonly accepted: () => number;
  /** Into the run's story, with its time. */
  say(line: string): void;
}
