import type { BehaviourName, BehaviourOptions } from '@heliograph/carrier-simulator';
import type { Fault } from '../fault.ts';
import { pause } from '../pauses.ts';

/** A provider that answers after this, or never, has left the connector without knowing. */
const impatient = { responseTimeoutMs: 1_000 };

interface Misbehaviour extends Partial<Fault> {
  readonly behaviour: BehaviourName;
  readonly options?: Partial<BehaviourOptions>;
  /** Default 8. */
  readonly seconds?: number;
}

const misbehaving = (name: string, { behaviour, options, seconds = 8, ...more }: Misbehaviour): Fault => ({
  name,
  group: 'provider',
  ...more,
  async strike({ carrier, say }) {
    carrier.behave(behaviour, options);
    say(`the provider is ${behaviour}`);
    await pause(seconds);
    carrier.behave('normal');
    const { submits, messages, duplicates, unanswered, rejected } = carrier.stats();
    say(`the provider is normal; ${JSON.stringify({ submits, messages, duplicates, unanswered, rejected })}`);
  },
});

export const providerFaults: readonly Fault[] = [
  {
    name: 'provider disconnects mid-window, again and again',
    group: 'provider',
    isShort: true,
    async strike({ carrier, random, say }) {
      for (let times = 0; times < 5; times++) {
        carrier.hangUp();
        say('the provider hangs up');
        await new Promise((resolve) => setTimeout(resolve, 500 + random() * 1_500));
      }
    },
  },
  misbehaving('provider takes and hangs up without an answer', { behaviour: 'dropping' }),
  misbehaving('provider answers after the time-out', { behaviour: 'slow', options: { slowMs: 2_500 }, connector: impatient }),
  misbehaving('provider never answers one in twenty that it took', { behaviour: 'mute', connector: impatient }),
  misbehaving('provider never answers', { behaviour: 'silent', connector: impatient }),
  misbehaving('provider answers everything twice', { behaviour: 'twice', isShort: true, seconds: 3 }),
  misbehaving('provider answers wrongly: unknown sequence numbers and commands, lengths that are none', { behaviour: 'garbling' }),
  misbehaving('provider refuses for want of room', { behaviour: 'throttling', options: { throttlePerSecond: 50 } }),
];

const receiving = (name: string, given: Misbehaviour): Fault => misbehaving(name, { group: 'receipt', ...given });

export const receiptFaults: readonly Fault[] = [
  receiving('receipts before the answer', { behaviour: 'early', isShort: true, seconds: 3 }),
  receiving('receipts thrice', { behaviour: 'thrice', isShort: true, seconds: 3 }),
  receiving('receipts after the time a message is held in memory for them', { behaviour: 'normal', options: { receiptDelayMs: 6_000 } }),
  receiving('receipts after the platform gave them up', {
    behaviour: 'normal',
    options: { receiptDelayMs: 15_000 },
    stack: { env: { NO_REPORT_AFTER_MS: '5s', SWEEP_EVERY_MS: '1s' } },
  }),
  receiving('a flood of receipts of unknown messages', { behaviour: 'flooding', options: { foreignReceipts: 20 } }),
];
