import { describe, expect, it } from '@jest/globals';
import { historySubjects, leaseSubjects, type RefundsAnswer, type UsageAnswer, type UsageQuestion } from '@heliograph/message';
import { readUsage } from './usage.ts';

const record = {
  id: 'a'.repeat(32),
  acceptedAtMs: 0,
  to: '+31612345678',
  from: 'Acme',
  segments: 1,
  microCredits: '1',
  state: 'sent',
} as const;
const wanted = { tenant: 'acme', sinceMs: 0, untilMs: 1, csv: false, ofOperators: false };

/** Asked page by page; `refunds` null: billing-credits does not answer. */
function asking(pages: readonly (UsageAnswer | undefined)[], refunds: RefundsAnswer | null = { refunds: [] }) {
  const asked: unknown[] = [];
  const left = [...pages];
  const ask = async (subject: string, question: object) => {
    asked.push(subject === historySubjects.usage ? (question as UsageQuestion).after : subject);
    return subject === leaseSubjects.refunds ? (refunds ?? undefined) : left.shift();
  };
  return { asked, asking: { ask: ask as never } };
}

describe('usage', () => {
  it.each([
    ['message-log does not answer', [undefined]],
    ['message-log has not read all that is stored', [{ complete: false, records: [] }]],
  ])('is unavailable when %s', async (_, pages) => {
    expect(await readUsage(asking(pages).asking, wanted)).toMatchObject({ ok: false, problem: { status: 503 } });
  });

  it('is unavailable when billing-credits does not answer', async () => {
    const { asking: of } = asking([{ complete: true, records: [record] }], null);
    expect(await readUsage(of, wanted)).toMatchObject({ ok: false, problem: { status: 503 } });
  });

  it('breaks off when a later page does not come, as half of it is no answer', async () => {
    const { asking: of } = asking([{ complete: true, records: [record], next: 'x' }, undefined]);
    const answer = await readUsage(of, wanted);
    if (!answer.ok || !answer.streamed) throw new Error('no stream');
    await expect(Array.fromAsync(answer.streamed.parts)).rejects.toThrow();
  });

  it('goes on from where a page ended, also when that was empty, and asks for a page only when the one before is taken', async () => {
    const { asked, asking: of } = asking([
      { complete: true, records: [], next: 'one' },
      { complete: true, records: [record], next: 'two' },
      { complete: true, records: [] },
    ]);
    const answer = await readUsage(of, wanted);
    expect(asked).toEqual([undefined]);
    if (!answer.ok || !answer.streamed) throw new Error('no stream');
    const body = JSON.parse((await Array.fromAsync(answer.streamed.parts)).join(''));
    expect(body.records).toHaveLength(1);
    expect(asked).toEqual([undefined, 'one', leaseSubjects.refunds, 'two']);
  });
});
