import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentOf, type Balance, type Hop, type JournalLine, type Platform } from '../src/index.ts';

/** A world in which nothing went wrong, to break one thing of: what everybody saw, and what the platform says. */
export interface World {
  /** Lines by journal. */
  readonly journals: Map<string, JournalLine[]>;
  /** By tenant. */
  readonly messages: Map<string, ModelMessage[]>;
  readonly balances: Map<string, Balance>;
  readonly traces: Map<string, Hop[]>;
  readonly differences: { kind: string; tenant: string; subject: string; unit: string; expected: string; found: string }[];
}

export interface ModelMessage {
  id: string;
  content: string;
  state: string;
  isTest: boolean;
  charged: bigint;
  refunded: bigint;
}

export type Random = () => number;

export const price = 1_000_000n;
const tenants = ['acme', 'zeta'] as const;

/**
 * So many submissions. Whatever the seed, there is each kind of them: one accepted and delivered, one that a provider got twice for a reason, one whose
 * answer was lost and one that was lost itself, both submitted again, one refused, one given back, one lifted from no_report.
 */
export function makeWorld(random: Random, submissions = 60): World {
  const world: World = { journals: new Map(), messages: new Map(), balances: new Map(), traces: new Map(), differences: [] };
  for (const tenant of tenants) world.messages.set(tenant, []);
  let atMs = Date.UTC(2026, 10, 20);
  const write = (journal: string, line: object): void => {
    const lines = world.journals.get(journal) ?? [];
    world.journals.set(journal, lines);
    atMs += 1 + Math.floor(random() * 5);
    lines.push({ atMs, ...line } as JournalLine);
  };
  for (let i = 0; i < submissions; i++) {
    const tenant = tenants[i % tenants.length] as string;
    const content = contentOf(`4479${String(i).padStart(8, '0')}`, `text ${i}`);
    const kind = kinds[i < kinds.length * 2 ? Math.floor(i / 2) : Math.floor(random() * kinds.length)] as (typeof kinds)[number];
    submit({ world, write, random, tenant, content, kind, number: i });
  }
  for (const tenant of tenants) balance(world, tenant);
  return world;
}

const kinds = ['delivered', 'doubled', 'answer lost', 'lost', 'refused', 'rejected', 'lifted', 'test', 'same again'] as const;

interface Submission {
  readonly world: World;
  readonly write: (journal: string, line: object) => void;
  readonly random: Random;
  readonly tenant: string;
  readonly content: string;
  readonly kind: (typeof kinds)[number];
  readonly number: number;
}

function submit({ world, write, random, tenant, content, kind, number }: Submission): void {
  const door = random() < 0.5 ? 'smpp' : 'http';
  const journal = `${tenant}-${door}.jsonl`;
  let refs = 0;
  const ask = (): string => {
    const ref = `${number}.${refs++}`;
    write(journal, { kind: 'asked', tenant, ref, content, door, reportWanted: true });
    return ref;
  };
  const arrive = (): void =>
    write('provider.jsonl', { kind: 'arrived', provider: 'carrier', content, taken: true, providerId: String(number) });
  const add = (state: string, refunded = 0n, isTest = false): string => {
    const id = `${number}${refs}`.padStart(32, '0');
    world.messages.get(tenant)?.push({ id, content, state, isTest, charged: isTest ? 0n : price, refunded });
    return id;
  };
  const report = (id: string, state: string): void => {
    const by = door === 'smpp' ? 'smpp' : 'webhook';
    write(by === 'smpp' ? journal : `${tenant}-sink.jsonl`, { kind: 'reported', tenant, id, state, by });
    // at least once is sometimes twice
    if (random() < 0.2) write(by === 'smpp' ? journal : `${tenant}-sink.jsonl`, { kind: 'reported', tenant, id, state, by });
  };
  const accept = (state = 'delivered', refunded = 0n, isTest = false): string => {
    const ref = ask();
    const id = add(state, refunded, isTest);
    write(journal, { kind: 'accepted', tenant, ref, id });
    return id;
  };

  if (kind === 'refused') {
    write(journal, { kind: 'refused', tenant, ref: ask(), reason: 'ESME_RTHROTTLED' });
    return;
  }
  if (kind === 'rejected') {
    write('provider.jsonl', { kind: 'arrived', provider: 'carrier', content, taken: false });
    return report(accept('rejected', price), 'rejected');
  }
  if (kind === 'test') return report(accept('delivered', 0n, true), 'delivered');
  if (kind === 'lost') write(journal, { kind: 'unanswered', tenant, ref: ask(), reason: 'closed' });
  if (kind === 'answer lost') {
    const ref = ask();
    // some clients are killed before they write it down
    if (random() < 0.5) write(journal, { kind: 'unanswered', tenant, ref, reason: 'closed' });
    report(add('delivered'), 'delivered');
    arrive();
  }
  if (kind === 'same again') {
    report(accept(), 'delivered');
    arrive();
  }
  const id = accept();
  arrive();
  if (kind === 'doubled') {
    arrive();
    const [event, detail] = random() < 0.5 ? ['message.returned', { why: 'unknown' }] : ['message.sent', { unanswered: 1 }];
    world.traces.set(id, [
      { event: 'message.submitted', detail: {} },
      { event: event as string, detail: detail as object as Hop['detail'] },
    ]);
  }
  if (kind === 'lifted') report(id, 'no_report');
  report(id, 'delivered');
}

function balance(world: World, tenant: string): void {
  const all = world.messages.get(tenant) ?? [];
  const charged = all.reduce((sum, one) => sum + one.charged, 0n);
  const refunded = all.reduce((sum, one) => sum + one.refunded, 0n);
  const leased = 5n * price;
  const funds = 1_000n * price;
  world.balances.set(tenant, { funds, leased, charged, refunded, balance: funds - leased - charged + refunded });
}

export function platformOf(world: World): Platform {
  const of = (tenant: string): readonly ModelMessage[] => world.messages.get(tenant) ?? [];
  const idsOf = new Map<string, Set<string>>();
  return {
    tenants: [...world.messages.keys()],
    async *messages(tenant) {
      const all = of(tenant);
      const pageSize = all.length < 1_000 ? 7 : 1_000;
      for (let at = 0; at < all.length; at += pageSize) yield all.slice(at, at + pageSize);
    },
    async *usage(tenant) {
      yield of(tenant);
    },
    balance: async (tenant) => world.balances.get(tenant) as Balance,
    async trace(tenant, id) {
      let ids = idsOf.get(tenant);
      if (ids?.size !== of(tenant).length) idsOf.set(tenant, (ids = new Set(of(tenant).map((one) => one.id))));
      return ids.has(id) ? (world.traces.get(id) ?? []) : undefined;
    },
    differences: async () => world.differences,
  };
}

/** The journals of the world as files, while `use` runs. */
export async function withJournals<Made>(world: World, use: (files: string[]) => Promise<Made>): Promise<Made> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-checker-'));
  try {
    const files = [...world.journals].map(([name, lines]) => {
      const file = join(folder, name);
      writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      return file;
    });
    return await use(files);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
