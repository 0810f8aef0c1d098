import { createDigitTable, keyOf, type DigitTable } from '@heliograph/e164';
import type { RouteQuery } from './decision.ts';
import type { Network, Place } from './place.ts';
import { isBeginning, normalSender } from './senders.ts';

/** Finds the places that can be meant, in their order, without a look at the others. */
export interface PlaceIndex {
  /** Begins with another query. */
  begin(query: Pick<RouteQuery, 'tenant' | 'digits' | 'from'>, network: Network | undefined): void;
  /** The next place, or undefined. What it leaves out does not fit; what it gives may not fit either. */
  next(): Place | undefined;
}

/** A rule of more tenants, or senders, is found without them: a thousand of either would be as many entries for each of its numbers. */
const entriesMax = 1_000;

/** Positions of places by what they name, in their order. */
interface Bucket {
  any: number[];
  bySender?: Map<string, number[]>;
}

interface Numbers {
  readonly byPrefix: Map<string, Bucket>;
  /** Of rules that name no prefix. */
  readonly byNetwork: Map<string, Bucket>;
  /** Made when all is in: where each of `byPrefix` is in `buckets`. */
  table?: DigitTable;
  buckets?: Bucket[];
}

/** `places`: in their order. */
export function indexPlaces(places: readonly Place[]): PlaceIndex {
  const ofAll = createNumbers();
  const ofTenant = new Map<string, Numbers>();
  for (const [position, place] of places.entries()) {
    const { tenants, senders } = keysOf(place);
    for (const tenant of tenants) add(place, position, senders, tenant === undefined ? ofAll : getOrMake(ofTenant, tenant, createNumbers));
  }
  for (const numbers of [ofAll, ...ofTenant.values()]) finish(numbers);

  /** Of the query: the lists that can have what is meant, and how far each is read. The decision of one message ends before the next begins. */
  const lists: (readonly number[])[] = [];
  const read = new Int32Array(4 * 18);
  let numbers = ofAll;
  let sender = '';
  const gather = (bucket: Bucket | undefined): void => {
    if (!bucket) return;
    if (bucket.any.length > 0) lists.push(bucket.any);
    const ofSender = bucket.bySender?.get(sender);
    if (ofSender) lists.push(ofSender);
  };
  /** Says no, so that the table goes on to the next shorter prefix. */
  const gatherPlace = (place: number): boolean => {
    gather(numbers.buckets?.[place]);
    return false;
  };
  const gatherFrom = (of: Numbers, digits: string, network: Network | undefined): void => {
    numbers = of;
    of.table?.longest(digits, gatherPlace);
    if (!network || of.byNetwork.size === 0) return;
    gather(of.byNetwork.get(network.mcc));
    gather(of.byNetwork.get(network.mcc + network.mnc));
  };

  return {
    begin({ tenant, digits, from }, network) {
      lists.length = 0;
      sender = normalSender(from.addr);
      gatherFrom(ofAll, digits, network);
      const own = ofTenant.get(tenant);
      if (own) gatherFrom(own, digits, network);
      read.fill(0, 0, lists.length);
    },
    next() {
      let [least, from] = [places.length, -1];
      for (let at = 0; at < lists.length; at++) {
        const position = (lists[at] as readonly number[])[read[at] as number] ?? places.length;
        if (position < least) [least, from] = [position, at];
      }
      if (from < 0) return undefined;
      read[from] = (read[from] as number) + 1;
      return places[least];
    },
  };
}

function createNumbers(): Numbers {
  return { byPrefix: new Map(), byNetwork: new Map() };
}

/** Undefined: any. */
function keysOf({ compiled }: Place): { tenants: readonly (string | undefined)[]; senders: readonly (string | undefined)[] } {
  const { tenants, senders } = compiled.rule.when;
  const any = [undefined];
  const byTenant = tenants && tenants.length <= entriesMax ? [...new Set(tenants)] : any;
  const bySender =
    senders && !senders.some(isBeginning) && senders.length * byTenant.length <= entriesMax ? [...new Set(senders.map(normalSender))] : any;
  return { tenants: byTenant, senders: bySender };
}

function add(
  { prefix, network }: Place,
  position: number,
  senders: readonly (string | undefined)[],
  { byPrefix, byNetwork }: Numbers,
): void {
  const bucket = prefix === '' && network !== '' ? getOrMake(byNetwork, network, createBucket) : getOrMake(byPrefix, prefix, createBucket);
  for (const sender of senders) {
    if (sender === undefined) bucket.any.push(position);
    else getOrMake((bucket.bySender ??= new Map()), sender, () => [] as number[]).push(position);
  }
}

function createBucket(): Bucket {
  return { any: [] };
}

function finish(numbers: Numbers): void {
  numbers.table = createDigitTable(Float64Array.from(numbers.byPrefix.keys(), keyOf));
  numbers.buckets = [...numbers.byPrefix.values()];
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
