import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { historySubjects, type EraseAnswer, type EraseQuestion, type StatsAnswer, type StatsQuestion } from '@heliograph/message';
import { readAudit } from '@heliograph/registry';
import { keys, startDoorService, type Called, type DoorService, type Holder } from './service.ts';

/** What the door asks about a tenant's history, and what it makes of the answers. message-log is a stand-in here: its own tests say what it counts and erases. */
let service: DoorService;
const asked: { stats: StatsQuestion[]; erase: EraseQuestion[] } = { stats: [], erase: [] };
const none = {
  accepted: 0,
  scheduled: 0,
  routed: 0,
  sent: 0,
  delivered: 0,
  undelivered: 0,
  rejected: 0,
  expired: 0,
  no_report: 0,
  failed: 0,
  cancelled: 0,
};

beforeAll(async () => {
  service = await startDoorService();
}, 60_000);
afterAll(() => service?.stop(), 30_000);

function call(method: string, path: string, holder: Holder, headers: Record<string, string> = {}): Promise<Called> {
  return service.call(method, path, { headers: { 'X-API-Key': keys[holder].key, ...headers } });
}

// first, as nobody answers yet
describe('when message-log is away', () => {
  it.each([
    ['GET', '/api/database/stats'],
    ['POST', '/api/database/reset'],
    ['GET', '/api/sms/status'],
  ])('%s %s: 503 with Retry-After', async (method, path) => {
    const answer = await call(method, path, 'admin');
    expect([answer.status, answer.body]).toEqual([503, { error: 'Not possible at the moment', message: 'Please try again later' }]);
    expect(answer.headers.get('retry-after')).toBe('2');
  });
});

describe('when it answers', () => {
  beforeAll(async () => {
    await service.queue.answer<StatsQuestion>(historySubjects.stats, 'stand-in', (question): StatsAnswer => {
      asked.stats.push(question);
      return { byState: { ...none, delivered: 40, failed: 2 } };
    });
    await service.queue.answer<EraseQuestion>(historySubjects.erase, 'stand-in', (question): EraseAnswer => {
      asked.erase.push(question);
      return { erased: 42 };
    });
  });

  it('GET /api/database/stats: 200, of the own tenant, by state, for a month', async () => {
    const { status, body } = await call('GET', '/api/database/stats', 'user');
    expect([status, body]).toEqual([200, { total: 42, byState: { ...none, delivered: 40, failed: 2 }, since: expect.any(String) }]);
    // rounded down to the hour
    const monthAgoMs = Date.now() - 30 * 24 * 3600 * 1000;
    expect(Date.parse(body.since)).toBeLessThanOrEqual(monthAgoMs);
    expect(Date.parse(body.since)).toBeGreaterThan(monthAgoMs - 3600 * 1000 - 60_000);
    expect(asked.stats).toEqual([{ tenant: 'acme', sinceMs: Date.parse(body.since) }]);
  });

  it('POST /api/database/reset: 403 to a user, octet for octet, and nothing is erased', async () => {
    const { status, text } = await call('POST', '/api/database/reset', 'user');
    expect([status, text]).toEqual([403, '{"error":"Insufficient permissions","message":"Admin role required"}']);
    expect(asked.erase).toEqual([]);
  });

  it("POST /api/database/reset: 200 to an admin for its own tenant's history, to an operator for that of the tenant it names", async () => {
    expect(await call('POST', '/api/database/reset', 'admin')).toMatchObject({ status: 200, body: { success: true, erased: 42 } });
    const [entry] = await readAudit(service.registry, { limit: 1 });
    expect(entry).toMatchObject({
      actor: 'admin-key',
      tenantId: 'acme',
      action: 'history.erase_asked',
      subject: 'acme',
      address: '127.0.0.1',
    });
    // only an operator may name another one
    await call('POST', '/api/database/reset', 'admin', { 'Heliograph-Tenant': 'other' });
    await call('POST', '/api/database/reset', 'operator', { 'Heliograph-Tenant': 'other' });
    expect(asked.erase.map(({ tenant }) => tenant)).toEqual(['acme', 'acme', 'other']);
  });
});
