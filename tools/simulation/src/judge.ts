import type { HeliographEvent, MessageReported, MessageSubmitted, ReportDue } from '@heliograph/message';
import type { Disturbance } from './faults.ts';
import { refundedStates, type Platform } from './platform.ts';
import type { Submit } from './provider.ts';
import type { Asked } from './traffic.ts';
import type { World } from './world.ts';

/** A rule of the platform that was broken. `about`: words by which the trail is searched. */
export interface Violation {
  readonly rule: string;
  readonly detail: string;
  readonly about: readonly string[];
}

export interface Evidence {
  readonly world: World;
  readonly platform: Platform;
  readonly asked: readonly Asked[];
  readonly disturbances: readonly Disturbance[];
}

/** What one end of a connection knows the other may learn so much later. */
const onItsWayMs = 2_000;
const priceOf = ({ message }: MessageSubmitted): bigint => BigInt(message.charge.microCredits);

export function readEvents(world: World, stream: string): HeliographEvent[] {
  const { ever } = world.server.streams.get(stream) ?? { ever: [] };
  return ever.flatMap(({ data }) => JSON.parse(Buffer.from(data).toString('utf8')) as HeliographEvent[]);
}

/** Whether every message that was stored has ended. */
export function unended(world: World): MessageSubmitted[] {
  const ended = new Set(ofType<MessageReported>(readEvents(world, 'REPORTED'), 'message.reported').map(({ message }) => message.id));
  return ofType<MessageSubmitted>(readEvents(world, 'SUBMITTED'), 'message.submitted').filter(({ message }) => !ended.has(message.id));
}

export async function judge({ world, platform, asked, disturbances }: Evidence): Promise<Violation[]> {
  const submitted = ofType<MessageSubmitted>(readEvents(world, 'SUBMITTED'), 'message.submitted');
  const reported = ofType<MessageReported>(readEvents(world, 'REPORTED'), 'message.reported');
  const due = ofType<ReportDue>(readEvents(world, 'NOTIFY'), 'report.due');
  const byId = new Map(submitted.map((event) => [event.message.id, event]));
  const states = new Map<string, string[]>();
  for (const { message, state } of reported) states.set(message.id, [...(states.get(message.id) ?? []), state]);
  return [
    ...kept(asked, byId),
    ...endedOnce(submitted, states),
    ...reportsOwed(submitted, states, due),
    ...atProviders(platform, submitted, reported),
    ...sentTwice(world, platform, submitted, disturbances),
    ...(await money(world, submitted, states)),
    ...buried(world),
    ...world.scheduler.thrown.map(({ process, error }) => ({
      rule: 'an exception is a bug',
      detail: `${process}: ${(error as Error)?.stack ?? String(error)}`,
      about: [process],
    })),
  ];
}

function kept(asked: readonly Asked[], byId: ReadonlyMap<string, MessageSubmitted>): Violation[] {
  return asked.flatMap(({ token, answer }) =>
    answer?.ok && !byId.has(answer.id)
      ? [{ rule: 'what is accepted is stored', detail: `${token} ${answer.id}`, about: [token + ' '] }]
      : [],
  );
}

function endedOnce(submitted: readonly MessageSubmitted[], states: ReadonlyMap<string, readonly string[]>): Violation[] {
  return submitted.flatMap((event) => {
    const { id } = event.message;
    const all = states.get(id) ?? [];
    const about = [id, tokenOf(event)];
    if (all.length === 0) return [{ rule: 'every message ends', detail: `${id} has no final state`, about }];
    const changes = all.filter((state, i) => i > 0 && state !== all[i - 1]);
    // a late receipt lifts no_report, and nothing else changes
    const right = changes.length === 0 || (changes.length === 1 && all[0] === 'no_report');
    return right ? [] : [{ rule: 'a message has one final state', detail: `${id}: ${all.join(', ')}`, about }];
  });
}

function reportsOwed(
  submitted: readonly MessageSubmitted[],
  states: ReadonlyMap<string, readonly string[]>,
  due: readonly ReportDue[],
): Violation[] {
  const told = new Map<string, string[]>();
  for (const { message, state } of due) told.set(message.id, [...(told.get(message.id) ?? []), state]);
  return submitted.flatMap((event) => {
    const { id, registeredDelivery } = event.message;
    const last = states.get(id)?.at(-1);
    const about = [id, tokenOf(event)];
    const all = told.get(id) ?? [];
    if (registeredDelivery === 0) return all.length === 0 ? [] : [{ rule: 'no report that nobody asked for', detail: id, about }];
    if (last === undefined) return [];
    if (!all.includes(last)) return [{ rule: 'every report owed is delivered', detail: `${id}: ${last}, told ${all.join(', ')}`, about }];
    const firstFinal = all.findIndex((state) => state !== 'sent');
    const back = all.slice(firstFinal + 1).some((state, i) => {
      const before = all[firstFinal + i] as string;
      return state !== before && before !== 'no_report';
    });
    return back ? [{ rule: 'reports never go backwards', detail: `${id}: ${all.join(', ')}`, about }] : [];
  });
}

function atProviders(platform: Platform, submitted: readonly MessageSubmitted[], reported: readonly MessageReported[]): Violation[] {
  const violations: Violation[] = [];
  const tokens = new Set(submitted.map(tokenOf));
  const said = new Set<string>();
  for (const { submits, said: states } of platform.providers.values()) {
    for (const { token } of submits) if (!tokens.has(token)) violations.push({ rule: 'no invention', detail: token, about: [`${token} `] });
    for (const { token, state } of states) said.add(`${token} ${state}`);
  }
  const tokenById = new Map(submitted.map((event) => [event.message.id, tokenOf(event)]));
  for (const { message, state } of reported) {
    const token = tokenById.get(message.id);
    if (token === undefined) violations.push({ rule: 'no report of what was never submitted', detail: message.id, about: [message.id] });
    else if (state === 'delivered' && !said.has(`${token} DELIVERED`))
      violations.push({ rule: 'delivered only where a provider said so', detail: `${token} ${message.id}`, about: [token, message.id] });
  }
  return violations;
}

/** What a provider took twice: only while nothing was stored of the first, and only where that first answer can have been lost. */
function sentTwice(
  world: World,
  platform: Platform,
  submitted: readonly MessageSubmitted[],
  disturbances: readonly Disturbance[],
): Violation[] {
  const violations: Violation[] = [];
  const idByToken = new Map(submitted.map((event) => [tokenOf(event), event.message.id]));
  const storedAtMs = outcomeTimes(world);
  const ofConnector = disturbances.filter(({ of, what }) => of === 'connector-smpp' && disturbsAnswers.has(what));
  for (const { submits, endedAtMs } of platform.providers.values()) {
    const ends = endedAtMs.map((atMs) => ({ fromMs: atMs, untilMs: atMs }));
    const last = new Map<string, Submit>();
    for (const one of submits) {
      if (one.how !== 'taken' && one.how !== 'taken_in_silence') continue;
      const key = `${one.token}/${one.part}`;
      const before = last.get(key);
      last.set(key, one);
      if (!before) continue;
      const id = idByToken.get(one.token) ?? '';
      const detail = `${key} at ${new Date(before.atMs).toISOString()} and ${new Date(one.atMs).toISOString()}`;
      const about = [`${key} `, `${one.token} `, id];
      if (one.atMs > (storedAtMs.get(id) ?? Infinity) + onItsWayMs)
        violations.push({ rule: 'nothing is sent again whose outcome is stored', detail, about });
      const isExcused =
        before.how === 'taken_in_silence' ||
        [...ends, ...ofConnector].some(({ fromMs, untilMs }) => fromMs <= one.atMs + onItsWayMs && untilMs >= before.atMs - onItsWayMs);
      if (!isExcused) violations.push({ rule: 'a duplicate only where the outcome was unknown', detail, about });
    }
  }
  return violations;
}

/** By these a connector loses an answer, or what it knew of it. A database that is away, or a nats-server, takes none of that. */
const disturbsAnswers = new Set(['kill', 'pause', 'replace', 'nats-cut']);

/** When the first outcome of a message was stored, by its id: unix ms. */
function outcomeTimes({ server }: World): Map<string, number> {
  const { ever } = server.streams.get('OUTCOMES') ?? { ever: [] };
  const times = new Map<string, number>();
  for (const { data, atMs } of ever)
    for (const event of JSON.parse(Buffer.from(data).toString('utf8')) as HeliographEvent[])
      if ((event.type === 'message.sent' || event.type === 'message.failed') && !times.has(event.message.id))
        times.set(event.message.id, atMs);
  return times;
}

async function money(
  world: World,
  submitted: readonly MessageSubmitted[],
  states: ReadonlyMap<string, readonly string[]>,
): Promise<Violation[]> {
  const { database } = world;
  const accounts = await database.rows<{ tenant: string; charged: string; refunded: string; leased: string }>(
    'SELECT tenant, charged::text, refunded::text, leased::text FROM billing.account ORDER BY tenant',
  );
  const broken = await database.rows<{ tenant: string }>('SELECT * FROM billing.proof WHERE NOT holds');
  const refunds = await database.rows<{ id: string; credits: string }>(
    `SELECT replace(message_id::text, '-', '') AS id, micro_credits::text AS credits FROM billing.refund`,
  );
  const wrong = (detail: string, about: readonly string[] = ['billing']): Violation => ({ rule: 'money', detail, about });
  const violations = broken.map((row) =>
    wrong(
      `the proof does not hold: ${JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : (value as unknown)))}`,
    ),
  );
  const refundedIds = new Set(refunds.map(({ id }) => id));
  let charged = new Map<string, bigint>();
  for (const event of submitted) {
    const { id, tenant } = event.message;
    charged = charged.set(tenant, (charged.get(tenant) ?? 0n) + priceOf(event));
    const shouldBe = (states.get(id) ?? []).some((state) => refundedStates.includes(state)) && priceOf(event) > 0n;
    if (shouldBe !== refundedIds.has(id))
      violations.push(wrong(`${id} (${(states.get(id) ?? []).join(', ')}) is ${shouldBe ? 'not ' : ''}refunded`, [id, tokenOf(event)]));
  }
  for (const { tenant, charged: booked, leased } of accounts) {
    const due = charged.get(tenant) ?? 0n;
    if (due !== BigInt(booked)) violations.push(wrong(`${tenant}: its messages cost ${due}, it was charged ${booked}`));
    if (leased !== '0' && BigInt(leased) > 0n) violations.push(wrong(`${tenant}: ${leased} are leased still, and nobody spends them`));
  }
  return violations;
}

function buried(world: World): Violation[] {
  const { ever } = world.server.streams.get('DEAD') ?? { ever: [] };
  return ever.map(({ data }) => ({ rule: 'no dead letters', detail: Buffer.from(data).toString('utf8').slice(0, 400), about: ['dead'] }));
}

export function tokenOf({ message: { content } }: MessageSubmitted): string {
  return content.kind === 'text' ? content.text.slice(0, content.text.indexOf('z')) : '';
}

function ofType<E extends HeliographEvent>(events: readonly HeliographEvent[], type: E['type']): E[] {
  return events.filter((event): event is E => event.type === type);
}
