import type { Evidence, KnownContent } from '../evidence.ts';
import { createFinding, type InvariantResult } from '../finding.ts';
import type { Untold } from '../untold.ts';

export function noInvention({ contents }: Evidence, untold: readonly Untold[]): InvariantResult {
  const finding = createFinding(2, 'no invention: a provider never gets what no tenant submitted');
  const counts = { arrived: 0, unasked: 0, 'accepted without an answer': 0, erased: 0, 'unknown to the platform': 0 };
  for (const [content, known] of contents) {
    counts.arrived += known.arrived;
    const invented = known.arrived === 0 ? undefined : inventedAs(known);
    if (!invented) continue;
    counts[invented.kind] += known.arrived;
    finding.violation({ ...invented, content });
  }
  for (const { message, tenant, reason } of untold) {
    if (reason === 'unanswered') counts['accepted without an answer']++;
    if (reason === 'erased') counts.erased++;
    if (reason !== 'unasked') continue;
    counts.unasked++;
    finding.violation({ kind: 'unasked', tenant, id: message.id, detail: 'the platform has it, and nobody asked for it' });
  }
  return finding.result(counts);
}

/** What arrived though the platform has no message for a provider with this content; undefined where it must be somewhere else that it is told. */
function inventedAs({ asks, messages, tests }: KnownContent): { kind: 'unasked' | 'unknown to the platform'; detail: string } | undefined {
  if (messages > 0) return undefined;
  if (tests > 0) return { kind: 'unasked', detail: 'a test message arrived at a provider' };
  const all = { accepted: 0, unanswered: 0, refused: 0 };
  for (let one = asks; one; one = one.next) {
    all.accepted += one.accepted;
    all.unanswered += one.unanswered;
    all.refused += one.refused;
  }
  // the accepted message is missing: a loss
  if (all.accepted > 0) return undefined;
  if (all.unanswered > 0)
    return { kind: 'unknown to the platform', detail: 'it arrived, was never answered, and the platform does not have it' };
  return { kind: 'unasked', detail: all.refused > 0 ? 'it arrived, and was refused' : 'it arrived, and nobody asked for it' };
}
