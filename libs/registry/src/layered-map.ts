/** A map that is never changed: `with` makes another that shares with it what is the same. */
export interface LayeredMap<Value> extends ReadonlyMap<string, Value> {
  /** The same with these values in place of what was there; undefined: without it. */
  with(changes: ReadonlyMap<string, Value | undefined>): LayeredMap<Value>;
}

/**
 * So many changes lie over the base before it is copied with them: a copy of 100,000 entries takes some 10 ms (libs/registry/src/registry.bench.ts),
 * one of these a hundredth, and each look-up tries these first.
 */
const layerMax = 1_000;

export function createLayeredMap<Value>(base: ReadonlyMap<string, Value> = new Map()): LayeredMap<Value> {
  return layered(base, new Map());
}

function layered<Value>(base: ReadonlyMap<string, Value>, layer: ReadonlyMap<string, Value | undefined>): LayeredMap<Value> {
  let size = base.size;
  for (const [key, value] of layer) size += Number(value !== undefined) - Number(base.has(key));

  function* entries(): Generator<[string, Value], undefined> {
    for (const entry of base) if (!layer.has(entry[0])) yield entry;
    for (const [key, value] of layer) if (value !== undefined) yield [key, value];
    return undefined;
  }
  function* keys(): Generator<string, undefined> {
    for (const [key] of entries()) yield key;
    return undefined;
  }
  function* values(): Generator<Value, undefined> {
    for (const [, value] of entries()) yield value;
    return undefined;
  }

  const map: LayeredMap<Value> = {
    size,
    get: (key) => (layer.size > 0 && layer.has(key) ? layer.get(key) : base.get(key)),
    has: (key) => map.get(key) !== undefined,
    entries,
    keys,
    values,
    [Symbol.iterator]: entries,
    forEach(visit) {
      for (const [key, value] of entries()) visit(value, key, map);
    },
    with(changes) {
      if (changes.size === 0) return map;
      const changed = new Map([...layer, ...changes]);
      return changed.size <= layerMax ? layered(base, changed) : layered(flattened(base, changed), new Map());
    },
  };
  return map;
}

function flattened<Value>(base: ReadonlyMap<string, Value>, changes: ReadonlyMap<string, Value | undefined>): Map<string, Value> {
  const flat = new Map(base);
  for (const [key, value] of changes) {
    if (value === undefined) flat.delete(key);
    else flat.set(key, value);
  }
  return flat;
}
