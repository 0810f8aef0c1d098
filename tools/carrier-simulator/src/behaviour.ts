import { commandStatus, type MessageState } from '@heliograph/smpp';

/** How a provider treats what it is sent; each misbehaviour is one that real providers have shown. */
export const behaviourNames = [
  'normal',
  'slow',
  'throttling',
  'rejecting',
  'lying',
  'dropping',
  'silent',
  'mute',
  'twice',
  'garbling',
  'early',
  'thrice',
  'flooding',
] as const;
export type BehaviourName = (typeof behaviourNames)[number];

export interface BehaviourOptions {
  /** From taking a message to its receipt. Default 200. */
  readonly receiptDelayMs: number;
  /** How long `slow` thinks before it answers, give or take a fifth. Default 1000. */
  readonly slowMs: number;
  /** What `throttling` takes in a second; the rest is answered 0x58. Default 50. */
  readonly throttlePerSecond: number;
  /** command_status of `rejecting`. Default 0x0B, invalid destination address. */
  readonly rejectStatus: number;
  /** The submit_sm of a connection at which `dropping` hangs up. Default 10. */
  readonly dropAfter: number;
  /** `mute` answers all but every so manieth submit_sm. Default 20. */
  readonly muteEvery: number;
  /** `garbling` sends a wrong PDU with every so manieth submit_sm; the fourth of them, and each fourth after it, is no SMPP. Default 10. */
  readonly garbleEvery: number;
  /** Receipts of messages that nobody submitted, which `flooding` sends with each one that it takes. Default 10. */
  readonly foreignReceipts: number;
}

export const defaultBehaviourOptions: BehaviourOptions = {
  receiptDelayMs: 200,
  slowMs: 1000,
  throttlePerSecond: 50,
  rejectStatus: commandStatus.ESME_RINVDSTADR,
  dropAfter: 10,
  muteEvery: 20,
  garbleEvery: 10,
  foreignReceipts: 10,
};

/** What a behaviour may look at. */
export interface SubmitFacts {
  /** Segments taken in this second of the clock, before this one. */
  readonly takenThisSecond: number;
  /** submit_sm on this connection, this one included. */
  readonly submitsOfSession: number;
  /** submit_sm in all, this one included. */
  readonly submits: number;
}

export interface ReceiptPlan {
  /** After the segment was taken. */
  readonly delayMs: number;
  readonly state: MessageState;
  /** `decimal`: the id zero-padded decimal, where submit_sm_resp had it in hex. `foreign`: one that nobody was ever given. */
  readonly id: 'same' | 'decimal' | 'foreign';
  /** Sent ahead of the submit_sm_resp it belongs to. */
  readonly beforeAnswer?: true;
}

/**
 * What is sent beside the answer. `again`: the answer a second time. `unknown_sequence`: an answer to what was never asked. `unknown_command`: a
 * request of a command_id that SMPP does not have. `bad_length`: a command_length that no PDU has, after which nothing can be read (§3.2).
 */
export type Garbage = 'again' | 'unknown_sequence' | 'unknown_command' | 'bad_length';

/**
 * `take`: ESME_ROK. `refuse`: an error, nothing kept. `ignore`: no answer ever, nothing kept. `hang_up`: taken, and then the connection ends
 * without an answer, so that sending it again makes a duplicate. `swallow`: taken, and never answered.
 */
export type Plan =
  | {
      readonly kind: 'take';
      readonly answerDelayMs: number;
      readonly id: 'decimal' | 'hex';
      readonly receipts: readonly ReceiptPlan[];
      readonly garbage?: Garbage;
    }
  | { readonly kind: 'swallow'; readonly receipts: readonly ReceiptPlan[] }
  | { readonly kind: 'refuse'; readonly status: number }
  | { readonly kind: 'ignore' }
  | { readonly kind: 'hang_up'; readonly receipts: readonly ReceiptPlan[] };

export type Behaviour = (facts: SubmitFacts) => Plan;

/** The table of behaviours. Plans that do not vary are made once: ten thousand submits a second pass here. */
export function createBehaviours(options: Partial<BehaviourOptions> = {}): Record<BehaviourName, Behaviour> {
  const all = { ...defaultBehaviourOptions, ...options };
  const { receiptDelayMs, slowMs, throttlePerSecond, rejectStatus, dropAfter, muteEvery, garbleEvery, foreignReceipts } = all;
  const delivered: readonly ReceiptPlan[] = [{ delayMs: receiptDelayMs, state: 'DELIVERED', id: 'same' }];
  const take: Plan = { kind: 'take', answerDelayMs: 0, id: 'decimal', receipts: delivered };
  const throttled: Plan = { kind: 'refuse', status: commandStatus.ESME_RTHROTTLED };
  const refuse: Plan = { kind: 'refuse', status: rejectStatus };
  const ignore: Plan = { kind: 'ignore' };
  const hangUp: Plan = { kind: 'hang_up', receipts: delivered };
  const slow = spread.map((factor): Plan => ({ ...take, answerDelayMs: Math.round(slowMs * factor) }));
  const lie: Plan = {
    kind: 'take',
    answerDelayMs: 0,
    id: 'hex',
    receipts: [
      { delayMs: 0, state: 'UNDELIVERABLE', id: 'decimal', beforeAnswer: true },
      { delayMs: receiptDelayMs, state: 'UNDELIVERABLE', id: 'decimal' },
    ],
  };
  const [receipt] = delivered as [ReceiptPlan];
  const swallow: Plan = { kind: 'swallow', receipts: delivered };
  const twice: Plan = { ...take, garbage: 'again' };
  const garbled = garbage.map((garbage): Plan => ({ ...take, garbage }));
  const early: Plan = { ...take, receipts: [{ ...receipt, delayMs: 0, beforeAnswer: true }] };
  const thrice: Plan = { ...take, receipts: [receipt, receipt, { ...receipt, delayMs: receiptDelayMs + 1_000 }] };
  const flood: Plan = { ...take, receipts: [...Array<ReceiptPlan>(foreignReceipts).fill({ ...receipt, id: 'foreign' }), receipt] };
  return {
    mute: ({ submits }) => (submits % muteEvery === 0 ? swallow : take),
    twice: () => twice,
    garbling: ({ submits }) => (submits % garbleEvery === 0 ? (garbled[(submits / garbleEvery - 1) % garbled.length] as Plan) : take),
    early: () => early,
    thrice: () => thrice,
    flooding: () => flood,
    normal: () => take,
    slow: ({ submits }) => slow[submits % slow.length] as Plan,
    throttling: ({ takenThisSecond }) => (takenThisSecond < throttlePerSecond ? take : throttled),
    rejecting: () => refuse,
    lying: () => lie,
    dropping: ({ submitsOfSession }) => (submitsOfSession < dropAfter ? take : hangUp),
    silent: () => ignore,
  };
}

/** Answers of `slow` overtake each other, as they do where a provider has several machines. */
const spread = [1, 0.8, 1.2, 0.9, 1.1];

/** In turn; the last ends the connection. */
const garbage: readonly Garbage[] = ['unknown_sequence', 'unknown_command', 'again', 'bad_length'];

/** With `byNumber`: the last two digits of the destination choose the behaviour of this one message; others get the carrier's. */
export const behavioursByEnding: ReadonlyMap<string, BehaviourName> = new Map([
  ['90', 'normal'],
  ['91', 'slow'],
  ['92', 'throttling'],
  ['93', 'rejecting'],
  ['94', 'lying'],
  ['95', 'dropping'],
  ['96', 'silent'],
  ['84', 'mute'],
  ['85', 'twice'],
  ['86', 'garbling'],
  ['87', 'early'],
  ['88', 'thrice'],
  ['89', 'flooding'],
]);

/** DELIVERED asks for a receipt always or on success, the rest always or on failure. SMPP 3.4 §5.2.17, and 5.0 for on-success. */
export function wantsReceipt(registeredDelivery: number, state: MessageState): boolean {
  const asked = registeredDelivery & 0x03;
  return asked === 1 || (asked === 2 && state !== 'DELIVERED') || (asked === 3 && state === 'DELIVERED');
}
