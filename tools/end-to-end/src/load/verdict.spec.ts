import { describe, expect, it } from '@jest/globals';
import { complaints, type Outcome } from './verdict.ts';

const sink = { arrived: 10, duplicates: 0, strays: 0, receiptsAsked: 10, receiptsTaken: 10, receiptsRefused: 0, lastArrivedAtMs: 1 };
const drive = { sent: 10, accepted: 10, refused: {}, reported: 10, reportedAgain: 0, strays: 0, broken: undefined };
const right: Outcome = { accepted: 10, sink, charged: 10, delivered: 10, drive, receipts: true };

describe('the verdict on a run', () => {
  it('has nothing against one where everything agrees', () => {
    expect(complaints(right)).toEqual([]);
    expect(complaints({ accepted: 10, sink, charged: 10, delivered: 10 })).toEqual([]);
    expect(complaints({ ...right, drive: { ...drive, reported: 0 }, receipts: false })).toEqual([]);
  });

  it.each<[string, Partial<Outcome>, RegExp]>([
    ['a message is lost', { sink: { ...sink, arrived: 9 } }, /arrived 9/],
    ['a message came twice', { sink: { ...sink, duplicates: 1 } }, /1 came twice/],
    ['a message came from nowhere', { sink: { ...sink, strays: 1 } }, /nobody sent/],
    ['a receipt was refused', { sink: { ...sink, receiptsTaken: 9, receiptsRefused: 1 } }, /10 receipts asked for, taken 9/],
    ['one is charged twice', { charged: 11 }, /charged 11/],
    ['one has not ended', { delivered: 9 }, /delivered 9/],
    ['one was refused', { drive: { ...drive, sent: 11, refused: { 88: 1 } } }, /refused {"88":1}/],
    ['a receipt is missing', { drive: { ...drive, reported: 9 } }, /reported 9/],
    ['a receipt came twice', { drive: { ...drive, reportedAgain: 1 } }, /reported twice/],
    ['a receipt is of another run', { drive: { ...drive, strays: 2 } }, /2 receipts/],
    ['the connection broke', { drive: { ...drive, broken: 'a connection was closed' } }, /was closed/],
  ])('%s', (_, wrong, complaint) => {
    const found = complaints({ ...right, ...wrong });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(complaint);
  });
});
