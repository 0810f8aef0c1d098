import type { InboundMessage, InboundReceived } from '@heliograph/message';
import { addressOf, joinedMessage, lateMessage } from './inbound-message.ts';

/** A message whose parts come by themselves, as far as they have come. */
export interface Assembly {
  /** Of the part that came first, and of the message. */
  readonly id: string;
  readonly key: string;
  /** `gapped`: handed on without the parts that did not come in time. */
  readonly state: 'open' | 'whole' | 'gapped';
  readonly openedAtMs: number;
  readonly doneAtMs?: number;
  /** The part that made it whole: when it is handed over again, so is the message. */
  readonly doneBy?: string;
  readonly parts: readonly AssembledPart[];
}

export interface AssembledPart {
  readonly sequence: number;
  readonly event: InboundReceived;
  /** It came after the others had been handed on. */
  readonly late?: true;
}

export type PartEvent = InboundReceived & { readonly part: NonNullable<InboundReceived['part']> };

export function isPart(event: InboundReceived): event is PartEvent {
  return event.part !== undefined;
}

/**
 * A part that is the same as one of a message that is complete is that one once more for so long; after it, the handset has come to the same
 * reference again (it has 256 of them, 3GPP TS 23.040 §9.2.3.24.1).
 */
export const sameForMs = 600_000;
/** A part that was missing is a late one for so long; after it, one of another message with the same reference. */
export const lateForMs = 3_600_000;

/** What parts of one message have in common. */
export function keyOf({ group, from, to, part }: PartEvent): string {
  return JSON.stringify([group, addressOf(from), addressOf(to), part.reference, part.total]);
}

/** What a part came to: `assembly` is to be stored in place of what there was of it, `message` to be handed on. */
export interface Assembled {
  readonly assembly?: Assembly;
  readonly message?: InboundMessage;
  /** Of a late part: what was handed on without it. */
  readonly before?: InboundMessage;
}

const nothing: Assembled = {};

/**
 * Where a part belongs. `known`: the assemblies of its key, the oldest first. A part that is handed over again, as the queue does after a crash, gives
 * again what it gave.
 */
export function assemble(known: readonly Assembly[], event: PartEvent, now: number): Assembled {
  const again = known.find(({ parts }) => parts.some((part) => part.event.id === event.id));
  if (again) return givenAgain(again, event);
  const { sequence } = event.part;
  const newest = known.at(-1);
  if (newest === undefined) return opened(event, now);
  const same = newest.parts.find((part) => part.sequence === sequence);
  if (same !== undefined) return isSame(newest, same, event, now) ? nothing : opened(event, now);
  switch (newest.state) {
    case 'open':
      return added(newest, event, now);
    case 'gapped':
      return now - (newest.doneAtMs ?? 0) < lateForMs ? late(newest, { sequence, event, late: true }) : opened(event, now);
    case 'whole':
      // it has them all, so one that it has not is of another total, which would be another key
      return opened(event, now);
  }
}

/** The time is up: it is handed on as it is. */
export function closeGapped(assembly: Assembly, now: number): Required<Pick<Assembled, 'assembly' | 'message'>> {
  return {
    assembly: { ...assembly, state: 'gapped', doneAtMs: now },
    message: joinedMessage(assembly.id, onTime(assembly)),
  };
}

function givenAgain(assembly: Assembly, { id, part: { sequence } }: PartEvent): Assembled {
  const part = assembly.parts.find((one) => one.sequence === sequence) as AssembledPart;
  if (part.late) return { message: lateMessage(part), before: joinedMessage(assembly.id, onTime(assembly)) };
  return assembly.doneBy === id ? { message: joinedMessage(assembly.id, assembly.parts) } : nothing;
}

function isSame({ state, doneAtMs = 0 }: Assembly, { event: there }: AssembledPart, event: PartEvent, now: number): boolean {
  const alike = there.octets === event.octets && there.dataCoding === event.dataCoding && there.udh === event.udh;
  return alike && (state === 'open' || now - doneAtMs < sameForMs);
}

function opened(event: PartEvent, now: number): Assembled {
  const { id, part } = event;
  return { assembly: { id, key: keyOf(event), state: 'open', openedAtMs: now, parts: [{ sequence: part.sequence, event }] } };
}

function added(assembly: Assembly, event: PartEvent, now: number): Assembled {
  const { sequence, total } = event.part;
  const parts = [...assembly.parts, { sequence, event }];
  if (parts.length < total) return { assembly: { ...assembly, parts } };
  return {
    assembly: { ...assembly, state: 'whole', doneAtMs: now, doneBy: event.id, parts },
    message: joinedMessage(assembly.id, parts),
  };
}

function late(assembly: Assembly, part: AssembledPart): Assembled {
  return {
    assembly: { ...assembly, parts: [...assembly.parts, part] },
    message: lateMessage(part),
    before: joinedMessage(assembly.id, onTime(assembly)),
  };
}

function onTime({ parts }: Assembly): readonly AssembledPart[] {
  return parts.filter(({ late: isLate }) => !isLate);
}
