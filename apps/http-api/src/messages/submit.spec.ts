import { describe, expect, it } from '@jest/globals';
import type { Acceptance } from '@heliograph/accept';
import { refusalReasons } from '@heliograph/message';
import { problems, refusal } from '../http/problem.ts';
import { problemDetails } from '../http/schema.ts';
import { accepted, acceptedMany, submission } from './schema.ts';
import { answerOf, submissionsOf } from './submit.ts';

const facts = { credential: 'key-1', nowMs: 1_000_000, privateWebhooks: false };
const [to, other] = ['+31612345678', '+31687654321'];
const id = '019aa0b0c0d07e0f8123456789abcdef';
const taken: Acceptance = { ok: true, id, to, segments: 2, microCredits: 3_000_000n };

function refusedFor(reason: Extract<Acceptance, { ok: false }>['reason']): Acceptance {
  return { ok: false, reason, detail: `for ${reason}` };
}

describe('submissions of a body', () => {
  it('are one a recipient, each with all the rest', () => {
    const body = { to: [to, other], text: 'Hi', from: 'Acme', class: 'otp' as const, validity: 60, reference: 'r', flash: true };
    const common = {
      credential: 'key-1',
      door: 'http',
      from: { addr: 'Acme' },
      content: { kind: 'text', text: 'Hi' },
      class: 'otp',
      validUntilMs: 1_060_000,
      reference: 'r',
      flash: true,
    };
    expect(submissionsOf(body, facts)).toEqual({
      ok: true,
      submissions: [
        { ...common, to: { addr: to } },
        { ...common, to: { addr: other } },
      ],
    });
  });

  it.each([
    ['ahead, in which case the validity begins then', '1970-01-01T01:20:00+01:00', 1_200_000, 1_260_000],
    ['passed', '1970-01-01T00:00:01.500Z', 1_500, 1_060_000],
  ])('have a time to be sent that is %s', (_, send_at, sendAtMs, validUntilMs) => {
    expect(submissionsOf({ to, text: 'Hi', validity: 60, send_at }, facts)).toMatchObject({ submissions: [{ sendAtMs, validUntilMs }] });
  });

  it('leave out what the body leaves out', () => {
    expect(submissionsOf({ to, text: '' }, facts)).toEqual({
      ok: true,
      submissions: [{ credential: 'key-1', door: 'http', from: { addr: '' }, to: { addr: to }, content: { kind: 'text', text: '' } }],
    });
  });

  it('are binary when there is data in place of a text', () => {
    expect(submissionsOf({ to, data: 'AAEC', udh: '0605040B8423F0' }, facts)).toMatchObject({
      submissions: [{ content: { kind: 'binary', octets: 'AAEC', udh: '0605040b8423f0' } }],
    });
    expect(submissionsOf({ to, data: '' }, facts)).toMatchObject({ submissions: [{ content: { kind: 'binary', octets: '' } }] });
  });

  it('do not come of half a surrogate pair', () => {
    expect(submissionsOf({ to, text: 'a\ud83d' }, facts)).toMatchObject({ ok: false, problem: { type: '/problems/bad_encoding' } });
  });

  it.each([
    ['https://hooks.example.com/sms', true, true],
    ['https://8.8.8.8/', true, true],
    ['http://hooks.example.com/sms', false, true],
    ['https://localhost/', false, true],
    ['https://printer.local/', false, true],
    ['https://intranet/', false, true],
    ['https://127.0.0.1/', false, true],
    ['https://2130706433/', false, true],
    ['https://10.1.2.3/', false, true],
    ['https://169.254.169.254/latest', false, true],
    ['https://[::1]/', false, true],
    ['https://[fd00::1]/', false, true],
    ['https://[::ffff:10.0.0.1]/', false, true],
    ['ftp://hooks.example.com/', false, false],
    ['not a url', false, false],
  ])('may name the webhook %s: %p, with private ones allowed: %p', (webhook, publicly, privately) => {
    expect(submissionsOf({ to, text: 'x', webhook }, facts).ok).toBe(publicly);
    expect(submissionsOf({ to, text: 'x', webhook }, { ...facts, privateWebhooks: true }).ok).toBe(privately);
  });
});

describe('the content of a body', () => {
  it.each<[string, object, string[]]>([
    ['a text', { text: 'x' }, []],
    ['data', { data: 'AAEC' }, []],
    ['data with a header', { data: 'AAEC', udh: '0605040b8423f0' }, []],
    ['neither', {}, ['text']],
    ['both', { text: 'x', data: 'AAEC' }, ['data']],
    ['no base64', { data: 'AAE' }, ['data']],
    ['more data than 255 segments hold', { data: 'AAAA'.repeat(11_901) }, ['data']],
    ['a header with a text', { text: 'x', udh: '0605040b8423f0' }, ['udh']],
    ['a header that is no hex', { data: 'AAEC', udh: '06x' }, ['udh']],
    ['a header that is longer than it says', { data: 'AAEC', udh: '0505040b8423f0' }, ['udh']],
    ['a header that is shorter than it says', { data: 'AAEC', udh: '0605040b8423' }, ['udh']],
    ['a header whose elements do not fill it', { data: 'AAEC', udh: '0605030b8423f0' }, ['udh']],
    ['a header of nothing', { data: 'AAEC', udh: '00' }, ['udh']],
  ])('%s: %j', (_, content, faults) => {
    const parsed = submission.safeParse({ to, ...content });
    expect((parsed.error?.issues ?? []).map(({ path }) => path[0])).toEqual(faults);
  });

  it('is looked at whatever else is wrong', () => {
    expect(submission.safeParse({}).error?.issues.map(({ path }) => path[0])).toEqual(['to', 'text']);
    for (const given of [null, 5, 'x', []]) expect(submission.safeParse(given).success).toBe(false);
  });
});

describe('the answer to a body', () => {
  it('for one recipient is the message', () => {
    const answer = answerOf({ to, text: 'x' }, [taken]);
    expect(answer).toEqual({
      ok: true,
      location: `/v1/messages/${id}`,
      body: { id, to, segments: 2, credits: '3.000000', state: 'accepted' },
    });
    expect(accepted.safeParse(answer.ok && answer.body).success).toBe(true);
  });

  it('for several says of each what became of it', () => {
    const answer = answerOf({ to: [to, 'nonsense'], text: 'x' }, [taken, refusedFor('bad_number')]);
    expect(answer).toMatchObject({
      ok: true,
      body: {
        messages: [
          { id, to },
          { to: 'nonsense', error: { type: '/problems/bad_number', errors: [{ field: '/to/1' }] } },
        ],
      },
    });
    expect(acceptedMany.safeParse(answer.ok && answer.body).success).toBe(true);
  });

  it('for several of whom none is accepted is a problem that names them', () => {
    expect(answerOf({ to: ['a', 'b'], text: 'x' }, [refusedFor('bad_number'), refusedFor('unroutable')])).toEqual({
      ok: false,
      problem: {
        type: '/problems/bad_number',
        title: problems.bad_number.title,
        status: 422,
        detail: 'for bad_number',
        errors: [
          { field: '/to/0', message: 'for bad_number' },
          { field: '/to/1', message: 'for unroutable' },
        ],
      },
    });
  });

  it('says that it is not known whether all was done when it is not', () => {
    const unknown: Acceptance = { ok: false, reason: 'unavailable', detail: 'away', mayBeStored: true };
    expect(answerOf({ to, text: 'x' }, [unknown])).toMatchObject({ ok: false, unsettled: true, problem: { status: 503 } });
    expect(answerOf({ to: [to, other], text: 'x' }, [taken, unknown])).toMatchObject({ ok: true, unsettled: true });
    expect(answerOf({ to: [to, other], text: 'x' }, [taken, refusedFor('unavailable')])).not.toHaveProperty('unsettled');
  });

  it.each([
    [{ to, data: 'AA==' }, '/data'],
    [{ to, text: 'x' }, '/text'],
  ])('%j whose content is refused names the field that has it', (body, field) => {
    expect(answerOf(body, [refusedFor('text_too_long')])).toMatchObject({ problem: { errors: [{ field }] } });
    expect(answerOf({ ...body, to: [to] }, [refusedFor('text_too_long')])).toMatchObject({ problem: { errors: [{ field }] } });
  });

  it('for several says first what passes by itself', () => {
    const answer = answerOf({ to: ['a', to], text: 'x' }, [refusedFor('bad_number'), refusedFor('unavailable')]);
    expect(answer).toMatchObject({ ok: false, problem: { status: 503 } });
  });

  it.each(refusalReasons.map((reason) => [reason] as const))('for one recipient refused for %s is a problem of that type', (reason) => {
    const answer = answerOf({ to, text: 'x' }, [refusedFor(reason)]);
    expect(answer).toEqual({ ok: false, problem: refusal(reason, `for ${reason}`) });
    expect(problemDetails.parse(!answer.ok && answer.problem)).toMatchObject({
      type: `/problems/${reason}`,
      status: problems[reason].status,
    });
  });
});
