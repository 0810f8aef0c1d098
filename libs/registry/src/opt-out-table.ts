import type { Routed } from '@heliograph/message';
import { keyOf } from '@heliograph/e164';
import { allSenders, optOutSender } from './opt-out.ts';

/** Who wants no more messages, in memory: 12 to 24 octets an entry, and exact. */
export interface OptOutTable {
  put(tenant: string, sender: string, recipient: string): void;
  remove(tenant: string, sender: string, recipient: string): void;
  /**
   * Whether these digits want nothing of the tenant from any of these senders, as messages have them. From the empty sender, whose place the
   * provider's own number takes, nothing is wanted by who has stopped any of the tenant's.
   */
  has(tenant: string, senders: readonly string[], recipient: string): boolean;
  readonly size: number;
}

/** Whether its recipient wants it not, as it would go out: from the sender it was given, or from the one it goes out with. */
export function isOptedOut(optOuts: Pick<OptOutTable, 'has'>, { message, sender }: Pick<Routed, 'message' | 'sender'>): boolean {
  if (message.optOutExempt) return false;
  const { addr } = message.from;
  const senders = sender === undefined ? [addr] : addr === '' ? [sender.addr] : [addr, sender.addr];
  return optOuts.has(message.tenant, senders, message.to.slice(1));
}

/** In the place of a sender: nobody's slot, and one whose entry was removed, which a search goes past. */
const [free, removed] = [0, 0xffff_ffff];
const capacityMin = 1_024;

/**
 * Open addressing in two arrays, the recipient's digits as one number (exact up to 15) and a number for the pair of tenant and sender: as
 * many strings are kept as tenants have senders that somebody stopped, not one an entry.
 */
export function createOptOutTable(): OptOutTable {
  const pairs = new Map<string, Map<string, number>>();
  let pairsMade = 0;
  let recipients = new Float64Array(capacityMin);
  let owners = new Uint32Array(capacityMin);
  let size = 0;
  /** Slots that are not free. */
  let used = 0;

  function pairOf(tenant: string, sender: string): number {
    let senders = pairs.get(tenant);
    if (!senders) pairs.set(tenant, (senders = new Map()));
    let pair = senders.get(sender);
    if (pair === undefined) senders.set(sender, (pair = ++pairsMade));
    return pair;
  }

  /** Where it is, or -1 less the slot where it would be put. */
  function find(pair: number, key: number): number {
    const mask = owners.length - 1;
    let put = -1;
    for (let slot = hashOf(pair, key) & mask; ; slot = (slot + 1) & mask) {
      const owner = owners[slot] as number;
      if (owner === pair && recipients[slot] === key) return slot;
      if (owner === removed && put < 0) put = slot;
      if (owner === free) return -1 - (put < 0 ? slot : put);
    }
  }

  /** Never more than two slots in three are taken: 2 probes for what is there, 5 for what is not (Knuth, TAOCP 3, §6.4, linear probing). */
  function makeRoom(): void {
    if ((used + 1) * 3 <= owners.length * 2) return;
    const [oldOwners, oldRecipients] = [owners, recipients];
    let capacity = capacityMin;
    while (capacity < (size + 1) * 2) capacity *= 2;
    owners = new Uint32Array(capacity);
    recipients = new Float64Array(capacity);
    used = size = 0;
    oldOwners.forEach((owner, slot) => {
      if (owner !== free && owner !== removed) store(owner, oldRecipients[slot] as number);
    });
  }

  function store(pair: number, key: number): void {
    const at = find(pair, key);
    if (at >= 0) return;
    const slot = -1 - at;
    if (owners[slot] === free) used++;
    owners[slot] = pair;
    recipients[slot] = key;
    size++;
  }

  return {
    put(tenant, sender, recipient) {
      const key = keyOf(recipient);
      if (Number.isNaN(key)) return;
      makeRoom();
      store(pairOf(tenant, sender), key);
    },
    remove(tenant, sender, recipient) {
      const pair = pairs.get(tenant)?.get(sender);
      const slot = pair === undefined ? -1 : find(pair, keyOf(recipient));
      if (slot < 0) return;
      owners[slot] = removed;
      size--;
    },
    has(tenant, senders, recipient) {
      const known = pairs.get(tenant);
      if (!known) return false;
      const key = keyOf(recipient);
      if (Number.isNaN(key)) return false;
      const stopped = (pair: number | undefined): boolean => pair !== undefined && find(pair, key) >= 0;
      if (stopped(known.get(allSenders))) return true;
      return senders.some((sender) => (sender === '' ? [...known.values()].some(stopped) : stopped(known.get(optOutSender(sender)))));
    },
    get size() {
      return size;
    },
  };
}

/** Both halves of the key and the pair, mixed as libs/e164's digit table does. */
function hashOf(pair: number, key: number): number {
  const high = (key / 4_294_967_296) >>> 0;
  let hash = Math.imul((key >>> 0) ^ Math.imul(high, 0x85ebca6b) ^ Math.imul(pair, 0xc2b2ae35), 0x9e3779b1);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
