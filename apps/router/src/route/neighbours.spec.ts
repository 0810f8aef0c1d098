import { afterEach, expect, test } from '@jest/globals';
import type { ConnectorTenants, MessageClass } from '@heliograph/message';
import { createNeighbours, type Neighbours } from './neighbours.ts';

const t0 = Date.parse('2026-11-20T10:00:00Z');
let neighbours: Neighbours | undefined;
afterEach(() => neighbours?.stop());

/** Gives what is told of `north` in the turn of the event loop that follows, if anything is. */
function aRouter() {
  let now = t0;
  let told: ConnectorTenants | undefined;
  const made = createNeighbours({ queue: { broadcast: (_, body) => void (told = body as ConnectorTenants) }, now: () => now });
  neighbours = made;
  return async (atS: number, tenants: string, connector = 'north', lane: MessageClass = 'normal') => {
    now = t0 + atS * 1_000;
    told = undefined;
    for (const tenant of tenants) made.routed(connector, { class: lane, tenant }, now);
    await new Promise((resolve) => setImmediate(resolve));
    const said = told as ConnectorTenants | undefined;
    return said?.lanes.map(
      ({ connector, class: of, tenants }) =>
        `${connector} ${of}: ${tenants.map(({ tenant, atMs }) => `${tenant} ${(atMs - t0) / 1_000}`).join(', ')}`,
    );
  };
}

test('the first and the second tenant of a queue are told at once, the others with the rest', async () => {
  const route = aRouter();
  expect(await route(0, 'aaa')).toEqual(['north normal: a 0']);
  expect(await route(1, 'a')).toBeUndefined();
  expect(await route(2, 'ab')).toEqual(['north normal: b 2, a 2']);
  expect(await route(3, 'abc')).toBeUndefined();
  expect(await route(4, 'd', 'south', 'otp')).toEqual(['north normal: c 3, b 3', 'south otp: d 4']);
});

test('who was not there for a minute is not told, and at once when it is there again', async () => {
  const route = aRouter();
  await route(0, 'ab');
  await route(50, 'b');
  expect(await route(70, 'c')).toEqual(['north normal: c 70, b 50']);
  expect(await route(131, 'c')).toBeUndefined();
  expect(await route(132, 'b')).toEqual(['north normal: b 132, c 131']);
  expect(await route(200, 'a', 'south')).toEqual(['south normal: a 200']);
});
