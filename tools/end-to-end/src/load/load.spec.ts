import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startLoad, type Load } from './load.ts';

let load: Load;
beforeEach(async () => {
  load = await startLoad();
});
afterEach(() => load.stop());

const all = () => ({ port: load.sinkPort, systemId: 'load', password: 'load', binds: 2, window: 10, receipts: true });

describe('a load against its own sink', () => {
  it('counts every message and every receipt once', async () => {
    const result = await load.drive({ ...all(), first: 65_000, messagesMax: 2_000 });
    expect(result).toMatchObject({ sent: 2_000, accepted: 2_000, refused: {}, reported: 2_000, reportedAgain: 0, strays: 0 });
    expect(result.broken).toBeUndefined();
    expect(result.answeredAfterMs).toHaveLength(2_000);
    expect(result.reportedAfterMs).toHaveLength(2_000);
    expect(await load.counts()).toMatchObject({ arrived: 2_000, duplicates: 0, strays: 0, receiptsAsked: 2_000, receiptsTaken: 2_000 });
  });

  it('tells a message that came again', async () => {
    await load.drive({ ...all(), first: 0, messagesMax: 10, receipts: false });
    await load.drive({ ...all(), first: 5, messagesMax: 10, receipts: false });
    expect(await load.counts()).toMatchObject({ arrived: 15, duplicates: 5, receiptsAsked: 0 });
  });

  it('sends at its pace', async () => {
    const { sent, acceptedInS } = await load.drive({ ...all(), first: 0, messagesMax: 500, pace: 1_000, receipts: false });
    expect(sent).toBe(500);
    expect(acceptedInS).toBeGreaterThan(0.49);
  });

  it('waits for receipts when it may not have more without one', async () => {
    const { reported } = await load.drive({ ...all(), first: 0, messagesMax: 100, unreportedMax: 5 });
    expect(reported).toBe(100);
  });

  it('ends after its time', async () => {
    const { sent, reported } = await load.drive({ ...all(), first: 0, messagesMax: 10_000_000, durationMs: 100 });
    expect(sent).toBeLessThan(10_000_000);
    expect(reported).toBe(sent);
  });
});
