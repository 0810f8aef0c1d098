import type { MessageFailed } from './event.ts';
import type { RefusalReason } from './reason.ts';
import type { FinalState } from './state.ts';

/**
 * Numbers that are nobody's (no exchange of the North American plan is called 010): messages to them never leave the platform, cost nothing,
 * and end as the number says. docs/test-numbers.md is made from these tables.
 */
const testPrefix = '+1555010';

/** Connector of messages that never leave the platform, and route that leads to it; no connector of the registry is called so. */
export const testConnector = 'test';

export interface TestRefusal {
  /** E.164 with its plus sign. */
  readonly number: string;
  readonly reason: Extract<RefusalReason, 'no_credit' | 'bad_number' | 'throttled' | 'unavailable'>;
}

/** What the stand-in of a provider does with a message, so long after it was given to it. */
export type TestStep = { readonly afterMs: number } & (
  | { readonly kind: 'sent' }
  /** Of every segment. `sent` = an intermediate receipt. */
  | { readonly kind: 'receipt'; readonly state: FinalState | 'sent'; readonly errorCode: string }
  | ({ readonly kind: 'failed' } & Pick<MessageFailed, 'state' | 'reason' | 'errorCode'>)
);

export interface TestDelivery {
  /** E.164 with its plus sign. */
  readonly number: string;
  /** What happens, in words. */
  readonly does: string;
  /** By time. */
  readonly steps: readonly TestStep[];
}

/** Refused by every door, whoever sends. */
export const testRefusals: readonly TestRefusal[] = [
  { number: `${testPrefix}0402`, reason: 'no_credit' },
  { number: `${testPrefix}0422`, reason: 'bad_number' },
  { number: `${testPrefix}0429`, reason: 'throttled' },
  { number: `${testPrefix}0503`, reason: 'unavailable' },
];

const sentAtOnce: TestStep = { kind: 'sent', afterMs: 0 };
const receiptAtOnce = (state: FinalState, errorCode: string): TestStep => ({ kind: 'receipt', afterMs: 0, state, errorCode });

/** What a number that is not in the table does, and every number for a credential in test mode. */
const usual: TestDelivery = {
  number: `${testPrefix}0001`,
  does: 'ends as `delivered`',
  steps: [sentAtOnce, receiptAtOnce('delivered', '000')],
};

/** Words of the provider (`errorCode`) as providers write them: err of a receipt, command_status of an answer (SMPP 3.4 appendix B, §5.1.3). */
export const testDeliveries: readonly TestDelivery[] = [
  usual,
  {
    number: `${testPrefix}0002`,
    does: 'ends as `undelivered`',
    steps: [sentAtOnce, receiptAtOnce('undelivered', '001')],
  },
  {
    number: `${testPrefix}0003`,
    does: 'is refused by the provider: ends as `rejected`',
    // ESME_RINVDSTADR
    steps: [{ kind: 'failed', afterMs: 0, state: 'rejected', reason: 'provider_rejected', errorCode: '0x0000000B' }],
  },
  {
    number: `${testPrefix}0004`,
    does: 'is sent and reaches nobody in time: ends as `expired`',
    steps: [sentAtOnce, receiptAtOnce('expired', '002')],
  },
  {
    number: `${testPrefix}0005`,
    does: 'gets no answer from the provider, so that nobody knows what became of it: ends as `failed`',
    steps: [{ kind: 'failed', afterMs: 0, state: 'failed', reason: 'provider_unknown_outcome' }],
  },
  {
    number: `${testPrefix}0006`,
    does: 'is sent, and the provider does not know what became of it: ends as `no_report`',
    steps: [sentAtOnce, receiptAtOnce('no_report', '000')],
  },
  {
    number: `${testPrefix}0007`,
    does: 'is sent at once and `delivered` after 10 seconds',
    steps: [sentAtOnce, { kind: 'receipt', afterMs: 10_000, state: 'delivered', errorCode: '000' }],
  },
  {
    number: `${testPrefix}0008`,
    does: 'is sent at once, on its way after 1 second (an intermediate notification, for who asks for it by SMPP), and `delivered` after 3 seconds',
    steps: [
      sentAtOnce,
      { kind: 'receipt', afterMs: 1_000, state: 'sent', errorCode: '000' },
      { kind: 'receipt', afterMs: 3_000, state: 'delivered', errorCode: '000' },
    ],
  },
  {
    number: `${testPrefix}0009`,
    does: 'waits for the provider for 10 seconds, in which it can be cancelled; then it is sent and `delivered`',
    steps: [
      { kind: 'sent', afterMs: 10_000 },
      { kind: 'receipt', afterMs: 10_000, state: 'delivered', errorCode: '000' },
    ],
  },
];

const refusals = new Map(testRefusals.map((one) => [one.number, one.reason]));
const deliveries = new Map(testDeliveries.map((one) => [one.number, one]));

/** With more or fewer digits, too: a slip of the pen must not become a message to a provider. `number`: E.164 with its plus sign. */
export function isTestNumber(number: string): boolean {
  return number.startsWith(testPrefix);
}

/** Why a message to this number is refused; undefined: it is not, for being to this number. */
export function testRefusalOf(number: string): TestRefusal['reason'] | undefined {
  return refusals.get(number);
}

/** What happens to a test message to this number, by time. */
export function testStepsOf(number: string): readonly TestStep[] {
  return (deliveries.get(number) ?? usual).steps;
}
