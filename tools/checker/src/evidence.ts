import type { JournalLine } from './journal.ts';
import type { PlatformMessage } from './platform.ts';
import { JournalFault, type ReadLine } from './read-journal.ts';

/**
 * All that journals and platform say, joined. A million messages are held at once (some 400 octets each), so what is the same string is one
 * string, and what most messages lack is undefined.
 */
export interface Evidence {
  /** By message id: those that somebody was told of, that the platform has, or both. */
  readonly messages: ReadonlyMap<string, KnownMessage>;
  readonly contents: ReadonlyMap<string, KnownContent>;
  /** Those that the journals name. */
  readonly tenants: ReadonlySet<string>;
  readonly counts: Readonly<Record<JournalLine['kind'], number>>;
  /** As they came: by time, then as they stand in the journal. */
  reportsOf(message: KnownMessage): readonly Report[];
}

export interface KnownMessage {
  readonly id: string;
  /** Who has an answer or a report of it in a journal; others after the first. */
  namedBy: string | undefined;
  alsoNamedBy: string[] | undefined;
  /** A tenant was answered with this id. */
  told: boolean;
  /** As it was asked for; undefined where nobody was told. */
  content: string | undefined;
  /** One id was the answer to two contents. */
  toldTwoContents: boolean;
  reportWanted: boolean;
  /** Reports as they are packed (`unpackReport`): mostly there is one. */
  reports: number | number[] | undefined;
  /** In whose list the platform has it; others after the first. */
  listedBy: string | undefined;
  alsoListedBy: string[] | undefined;
  state: string | undefined;
  platformContent: string | undefined;
  isTest: boolean;
}

/** What is known of all messages to one number with one text. */
export interface KnownContent {
  /** One for each tenant that asked for it. */
  asks: Asks | undefined;
  /** Times that a provider took it. */
  arrived: number;
  /** Messages of the platform that a provider may get. */
  messages: number;
  /** Of those, the ones whose state says that a provider has got them. */
  needed: number;
  tests: number;
}

export interface Asks {
  readonly tenant: string;
  accepted: number;
  refused: number;
  /** No answer came: each may be a message of the platform's, or none. */
  unanswered: number;
  /** Of another tenant. */
  next: Asks | undefined;
}

export interface Report {
  readonly atMs: number;
  readonly state: string;
  readonly by: 'smpp' | 'webhook';
}

/** States that a message comes to only by the word of a provider that had it. `no_report` is not: a try that was never answered may end so, too. */
const takenStates: ReadonlySet<string> = new Set(['delivered', 'undelivered']);

export interface Gatherer {
  readonly evidence: Evidence;
  /** One journal's lines, in order. */
  journal(): { read(lines: readonly ReadLine[]): void; end(): void };
  /** One that no journal may name. */
  tenant(tenant: string): void;
  /** What the platform lists for the tenant. */
  listed(tenant: string, messages: readonly PlatformMessage[]): void;
}

export function createGatherer(): Gatherer {
  const messages = new Map<string, KnownMessage>();
  const contents = new Map<string, KnownContent>();
  const tenants = new Set<string>();
  const counts = { asked: 0, accepted: 0, refused: 0, unanswered: 0, reported: 0, arrived: 0, receipt: 0 };
  const strings = new Map<string, string>();
  const states: string[] = [];

  /** The one copy of a word that many lines have. */
  function one(text: string): string {
    const known = strings.get(text);
    if (known === undefined) strings.set(text, text);
    return known ?? text;
  }

  function messageOf(id: string): KnownMessage {
    let message = messages.get(id);
    if (!message) messages.set(id, (message = newMessage(id)));
    return message;
  }

  function contentOf(content: string): KnownContent {
    let known = contents.get(content);
    if (!known) contents.set(content, (known = { asks: undefined, arrived: 0, messages: 0, needed: 0, tests: 0 }));
    return known;
  }

  function asksOf(content: string, tenant: string): Asks {
    const known = contentOf(content);
    for (let asks = known.asks; asks; asks = asks.next) if (asks.tenant === tenant) return asks;
    return (known.asks = { tenant, accepted: 0, refused: 0, unanswered: 0, next: known.asks });
  }

  function named(message: KnownMessage, tenant: string): void {
    if (message.namedBy === undefined) message.namedBy = tenant;
    else if (message.namedBy !== tenant) (message.alsoNamedBy ??= []).push(tenant);
  }

  function accepted(id: string, { tenant, content, reportWanted }: Open): void {
    const message = messageOf(id);
    asksOf(content, tenant).accepted++;
    named(message, tenant);
    if (message.told && message.content !== content) message.toldTwoContents = true;
    message.told = true;
    message.content = content;
    message.reportWanted ||= reportWanted;
  }

  function reported({ id, tenant, state, by, atMs }: Extract<JournalLine, { kind: 'reported' }>): void {
    const message = messageOf(id);
    named(message, one(tenant));
    let index = states.indexOf(state);
    if (index < 0) index = states.push(state) - 1;
    if (index >= statesMax) throw new JournalFault(`reports have more than ${statesMax} different states`);
    const packed = (atMs * statesMax + index) * 2 + (by === 'smpp' ? 1 : 0);
    message.reports = message.reports === undefined ? packed : [message.reports].flat().concat(packed);
  }

  function unpack(packed: number): Report {
    const index = Math.floor(packed / 2) % statesMax;
    return {
      atMs: Math.floor(packed / (2 * statesMax)),
      state: states[index] as string,
      by: packed % 2 === 1 ? 'smpp' : 'webhook',
    };
  }

  function reportsOf({ reports }: KnownMessage): readonly Report[] {
    if (reports === undefined) return [];
    return [reports]
      .flat()
      .map(unpack)
      .sort((a, b) => a.atMs - b.atMs);
  }

  return {
    evidence: { messages, contents, tenants, counts, reportsOf },
    journal() {
      const open = new Map<string, Open>();

      function answered(ref: string, at: string): Open {
        const asked = open.get(ref);
        if (!asked) throw new JournalFault(`${at}: an answer to a ref that was not asked, or was answered before`);
        open.delete(ref);
        return asked;
      }
      return {
        read(lines) {
          for (const { line, at } of lines) {
            counts[line.kind]++;
            if ('tenant' in line) tenants.add(one(line.tenant));
            if (line.kind === 'asked') {
              const { ref, tenant, content, reportWanted } = line;
              if (open.has(ref)) throw new JournalFault(`${at}: a ref that was asked before`);
              open.set(ref, { tenant: one(tenant), content, reportWanted });
            } else if (line.kind === 'accepted') accepted(line.id, answered(line.ref, at));
            else if (line.kind === 'reported') reported(line);
            else if (line.kind === 'arrived') contentOf(line.content).arrived += line.taken ? 1 : 0;
            else if (line.kind !== 'receipt') {
              const { content, tenant } = answered(line.ref, at);
              asksOf(content, tenant)[isNotKnown(line) ? 'unanswered' : line.kind]++;
            }
          }
        },
        end() {
          // its writer was killed before an answer came
          for (const { content, tenant } of open.values()) asksOf(content, tenant).unanswered++;
        },
      };
    },
    tenant: (tenant) => void tenants.add(one(tenant)),
    listed(tenant, page) {
      for (const { id, content, state, isTest } of page) {
        const message = messageOf(id);
        if (message.listedBy !== undefined) {
          // a page may have again what the page before it had
          if (message.listedBy !== tenant) (message.alsoListedBy ??= []).push(tenant);
          continue;
        }
        message.listedBy = one(tenant);
        message.state = one(state);
        message.isTest = isTest;
        // mostly what was asked for: then its string is kept once
        message.platformContent = content === message.content ? message.content : content;
        if (content === undefined) continue;
        const known = contentOf(content);
        if (isTest) known.tests++;
        else known.messages++;
        if (!isTest && takenStates.has(state)) known.needed++;
      }
    },
  };
}

/**
 * Answers that do not say that a message is not accepted, only that nobody knows now: its record was on its way when nats-server stopped answering
 * (docs/reliability.md).
 */
const notKnown: ReadonlySet<string> = new Set(['ESME_RSYSERR', '503 unavailable']);

function isNotKnown(line: { readonly kind: 'refused' | 'unanswered'; readonly reason: string }): boolean {
  return line.kind === 'refused' && notKnown.has(line.reason);
}

/** Packed with a time in ms (41 bits) and one bit for how it came, into 53. */
const statesMax = 32;

type Open = { readonly tenant: string; readonly content: string; readonly reportWanted: boolean };

function newMessage(id: string): KnownMessage {
  return {
    id,
    namedBy: undefined,
    alsoNamedBy: undefined,
    told: false,
    content: undefined,
    toldTwoContents: false,
    reportWanted: false,
    reports: undefined,
    listedBy: undefined,
    alsoListedBy: undefined,
    state: undefined,
    platformContent: undefined,
    isTest: false,
  };
}
