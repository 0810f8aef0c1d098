import type { Evidence } from '../evidence.ts';
import { createFinding, type InvariantResult } from '../finding.ts';
import type { Hop } from '../platform.ts';

/** A content that arrived more often than the platform has messages of it. */
export interface Doubled {
  readonly content: string;
  readonly arrived: number;
  readonly messages: number;
  /** Ids of those messages and whose they are. */
  readonly of: readonly { readonly tenant: string; readonly id: string }[];
}

export function doubledOf({ messages, contents }: Evidence): readonly Doubled[] {
  const found = new Map<string, { content: string; arrived: number; messages: number; of: { tenant: string; id: string }[] }>();
  for (const [content, { arrived, messages: expected }] of contents) {
    // what the platform has no message of is invented, not doubled
    if (expected > 0 && arrived > expected) found.set(content, { content, arrived, messages: expected, of: [] });
  }
  if (found.size === 0) return [];
  for (const { id, listedBy, platformContent } of messages.values()) {
    if (listedBy === undefined || platformContent === undefined) continue;
    found.get(platformContent)?.of.push({ tenant: listedBy, id });
  }
  return [...found.values()];
}

/** `traces`: by message id, of all that `doubledOf` names. */
export function duplicates(
  { contents }: Evidence,
  doubled: readonly Doubled[],
  traces: ReadonlyMap<string, readonly Hop[]>,
  unnotedMax: number,
): InvariantResult {
  const finding = createFinding(3, 'duplicates at a provider are messages whose outcome was unknown, each noted');
  const counts = { messages: 0, arrived: 0, extra: 0, explained: 0, unnoted: 0, 'unnoted allowed': unnotedMax };
  for (const { messages, arrived } of contents.values()) {
    counts.messages += messages;
    counts.arrived += arrived;
  }
  for (const { content, arrived, messages, of } of doubled) {
    const extra = arrived - messages;
    const noted = of.reduce((sum, { id }) => sum + moreArrivalsNoted(traces.get(id) ?? []), 0);
    counts.extra += extra;
    counts.explained += Math.min(extra, noted);
    for (let unnoted = extra - noted; unnoted > 0; unnoted--) {
      counts.unnoted++;
      const [first] = of;
      finding.violation({ kind: 'unnoted', ...first, content, detail: `arrived ${arrived} times for ${messages}, ${noted} noted` });
    }
  }
  return finding.result(counts, unnotedMax);
}

/** Reasons to go on to another provider of which the one before may have had the message, or has. */
const returnedAfter: ReadonlySet<unknown> = new Set(['unknown', 'undelivered', 'no_receipt']);

/** How often, by its trace, a provider may have got the message beside the once that is its due. */
export function moreArrivalsNoted(hops: readonly Hop[]): number {
  return hops.reduce((sum, { event, detail }) => {
    const { why, unanswered } = detail;
    const goneOn = event === 'message.returned' && returnedAfter.has(why) ? 1 : 0;
    return sum + goneOn + (typeof unanswered === 'number' ? unanswered : 0);
  }, 0);
}
