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

  test('that are intermediate or have no id say nothing', () => {
    expect(foldReceipts([received('1', 'sent'), received('', 'delivered')])).toEqual([]);
  });

  test('lose what Postgres cannot keep', () => {
    expect(foldReceipts([received('a\0\ud800', 'delivered')])[0]?.providerId).toBe('a\ufffd\ufffd');
  });
});
