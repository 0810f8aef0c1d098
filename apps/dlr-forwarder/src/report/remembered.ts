/** What became of ids, for a while: small numbers by text. */
export interface Remembered {
  /** 0: nothing is known of it. */
  get(text: string): number;
  /** `what`: 1..255. The last word counts. */
  set(text: string, what: number, nowMs: number): void;
}

const slotsAtFirst = 1_024;

interface Table {
  /** Two words of hash for each slot. */
  hashes: Uint32Array;
  /** 0: the slot is free. */
  what: Uint8Array;
  used: number;
}

/**
 * Remembers for `keepMs` at least, twice that while more comes. Two tables of hashes, 9 octets a slot: a Map of the texts takes ten times that, and the
 * collector's time with it. 64 bits of hash: of a million texts that are remembered, one that is not is taken for one of them once in 2e13 times.
 * After a time without anything to remember, what came before is kept on: only those that come push others out.
 */
export function createRemembered(keepMs: number, seed: number): Remembered {
  let current = createTable(slotsAtFirst);
  let before = createTable(slotsAtFirst);
  let since = Number.NEGATIVE_INFINITY;
  let high = 0;
  let low = 0;

  function hash(text: string): void {
    let a = seed ^ 0x9e3779b9;
    let b = seed ^ 0x85ebca6b;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul(a ^ unit, 0x9e3779b1);
      b = Math.imul(b ^ unit, 0x5f356495);
      a ^= a >>> 15;
      b ^= b >>> 13;
    }
    high = mixed(a) >>> 0;
    low = mixed(b) >>> 0;
  }

  function slotIn({ hashes, what }: Table, high: number, low: number): number {
    const mask = what.length - 1;
    let slot = low & mask;
    while (what[slot] !== 0 && (hashes[2 * slot] !== high || hashes[2 * slot + 1] !== low)) slot = (slot + 1) & mask;
    return slot;
  }

  function put(table: Table, high: number, low: number, what: number): void {
    const slot = slotIn(table, high, low);
    if (table.what[slot] === 0) table.used++;
    table.hashes[2 * slot] = high;
    table.hashes[2 * slot + 1] = low;
    table.what[slot] = what;
  }

  function grown(table: Table): Table {
    const larger = createTable(2 * table.what.length);
    for (let slot = 0; slot < table.what.length; slot++) {
      const what = table.what[slot] as number;
      if (what !== 0) put(larger, table.hashes[2 * slot] as number, table.hashes[2 * slot + 1] as number, what);
    }
    return larger;
  }

  return {
    get(text) {
      hash(text);
      return (current.what[slotIn(current, high, low)] as number) || (before.what[slotIn(before, high, low)] as number);
    },
    set(text, what, nowMs) {
      if (since === Number.NEGATIVE_INFINITY) since = nowMs;
      if (nowMs - since >= keepMs) {
        before = current;
        current = createTable(slotsAtFirst);
        since = nowMs;
      }
      if (8 * current.used >= 5 * current.what.length) current = grown(current);
      hash(text);
      put(current, high, low, what);
    },
  };
}

function createTable(slots: number): Table {
  return { hashes: new Uint32Array(2 * slots), what: new Uint8Array(slots), used: 0 };
}

/** Murmur3's end: each bit of the input changes half of those of the result. */
function mixed(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
