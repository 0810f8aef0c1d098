import { describe, expect, it } from '@jest/globals';
import { createWaiting, type Waiting } from './waiting.ts';

/** Looks that find something from the n-th on; `looked` resolves with each that is made. */
function looking(foundAt: number) {
  let looks = 0;
  const reached = new Map<number, () => void>();
  return {
    look: async () => {
      looks++;
      reached.get(looks)?.();
      return { found: looks >= foundAt ? `at look ${looks}` : 'nothing', enough: looks >= foundAt };
    },
    looked: (n: number) => new Promise<void>((resolve) => void (looks >= n ? resolve() : reached.set(n, resolve))),
  };
}

/** Nothing happens by itself within a test. */
const long = 3_600_000;

describe('waiting for events', () => {
  it('is over at once when there is something, or when nobody wants to wait', async () => {
    const waiting = createWaiting();
    expect(await waiting.until('acme', long, looking(1).look)).toBe('at look 1');
    expect(await waiting.until('acme', 0, looking(2).look)).toBe('nothing');
  });

  it('is over when there is something after a hint, for the tenant that it is about', async () => {
    const waiting = createWaiting({ lookEveryMsMax: long, soonMs: long });
    const [acme, other] = [looking(2), looking(2)];
    const answer = waiting.until('acme', long, acme.look);
    const others = waiting.until('other', long, other.look);
    await Promise.all([acme.looked(1), other.looked(1)]);
    waiting.hint(['acme', 'nobody']);
    expect(await answer).toBe('at look 2');
    waiting.stop();
    expect(await others).toBe('at look 2');
  });

  it('goes on after a hint that was about nothing, or came before the writer was done', async () => {
    const waiting = createWaiting({ lookEveryMsMax: 1, soonMs: 1 });
    const { look, looked } = looking(4);
    const answer = waiting.until('acme', long, look);
    await looked(1);
    waiting.hint(['acme']);
    expect(await answer).toBe('at look 4');
  });

  it('looks now and then, as hints may be lost, and once more when its time is over', async () => {
    expect(await createWaiting({ lookEveryMsMax: 1, soonMs: 1 }).until('acme', long, looking(5).look)).toBe('at look 5');
    let nowMs = 0;
    const waiting = createWaiting({ lookEveryMsMax: 1, soonMs: 1, now: () => (nowMs += 100) });
    expect(await waiting.until('acme', 1_000, looking(Infinity).look)).toBe('nothing');
  });

  it('is refused when too many wait, of a tenant or of all, until one of them has gone', async () => {
    const waiting = createWaiting({ waitersMax: 3, waitersOfTenantMax: 2, lookEveryMsMax: long, soonMs: long });
    const answers = ['acme', 'acme'].map((tenant) => waiting.until(tenant, long, looking(2).look));
    expect(await waiting.until('acme', long, looking(2).look)).toBe('full');
    const others = waiting.until('other', long, looking(2).look);
    expect(await waiting.until('third', long, looking(2).look)).toBe('full');
    expect(await waiting.until('third', long, looking(1).look)).toBe('at look 1');
    waiting.hint(['acme']);
    expect(await Promise.all(answers)).toEqual(['at look 2', 'at look 2']);
    const late = waiting.until('acme', long, looking(2).look);
    waiting.stop();
    // the last had its first look before it
    expect(await Promise.all([others, late])).toEqual(['at look 2', 'nothing']);
  });

  it('lets go whoever waits when it stops, and then nobody waits any more; so does a look that fails', async () => {
    const waiting: Waiting = createWaiting({ waitersMax: 1, lookEveryMsMax: long, soonMs: long });
    let looks = 0;
    const failing = waiting.until('acme', long, async () => {
      if (++looks === 2) throw new Error('away');
      return { found: 0, enough: false };
    });
    waiting.hint(['acme']);
    await expect(failing).rejects.toThrow('away');
    const { look, looked } = looking(Infinity);
    const answer = waiting.until('acme', long, look);
    await looked(1);
    waiting.stop();
    expect(await answer).toBe('nothing');
    expect(await waiting.until('acme', long, look)).toBe('nothing');
  });
});
