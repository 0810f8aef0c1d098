import { describe, expect, test } from '@jest/globals';
import type { ReceiptReceived } from '@heliograph/message';
import { foldReceipts } from './receipts.ts';

const received = (providerId: string, state: ReceiptReceived['state'], at = 1, group = 'g'): ReceiptReceived => ({
  type: 'receipt.received',
  at,
  id: `r-${providerId}-${at}`,
  connector: 'c',
  group,
  providerId,
  state,
  errorCode: '000',
});

describe('receipts of a batch', () => {
  test('are one for each segment, the first final word', () => {
    const folded = foldReceipts([
      received('1', 'delivered', 1),
      received('1', 'undelivered', 2),
      received('2', 'no_report', 3),
      received('2', 'delivered', 4),
    ]);
    expect(folded.map(({ providerId, receipt }) => [providerId, receipt.state, receipt.atMs])).toEqual([
      ['1', 'delivered', 1],
      ['2', 'delivered', 4],
    ]);
  });

  test('of different groups are kept apart', () => {
    expect(foldReceipts([received('1', 'delivered', 1, 'a'), received('1', 'expired', 1, 'b')])).toHaveLength(2);
  });

  test('without an id say nothing', () => {
    expect(foldReceipts([received('', 'sent'), received('', 'delivered')])).toEqual([]);
  });

  test('that are intermediate count until a final one comes, the first of them', () => {
    const folded = foldReceipts([
      received('1', 'sent', 1),
      received('1', 'sent', 2),
      received('2', 'delivered', 3),
      received('2', 'sent', 4),
      received('3', 'sent', 5),
      received('3', 'expired', 6),
    ]);
    expect(folded.map(({ providerId, receipt }) => [providerId, receipt.state, receipt.atMs])).toEqual([
      ['1', 'sent', 1],
      ['2', 'delivered', 3],
      ['3', 'expired', 6],
    ]);
  });

  test('lose what Postgres cannot keep', () => {
    expect(foldReceipts([received('a\0\ud800', 'delivered')])[0]?.providerId).toBe('a\ufffd\ufffd');
  });
});
