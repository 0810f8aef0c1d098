import { isFinal, messageStates, rankOf, type MessageState } from '@heliograph/message';
import type { Evidence, Report } from '../evidence.ts';
import { createFinding, type InvariantResult } from '../finding.ts';

export function reports(evidence: Evidence): InvariantResult {
  const finding = createFinding(5, 'every report owed is delivered at least once; states never go backwards');
  const counts = { owed: 0, reported: 0, repeated: 0, missing: 0, backwards: 0, differing: 0, unknown: 0 };
  for (const message of evidence.messages.values()) {
    const { id, told, reportWanted, listedBy, state = '' } = message;
    const heard = evidence.reportsOf(message);
    const tenant = listedBy ?? message.namedBy ?? '';
    if (listedBy === undefined) {
      // one that was accepted is missing: a loss
      if (told) continue;
      counts.unknown++;
      finding.pending({ kind: 'unknown', tenant, id, detail: 'a report of a message that the platform does not have' });
      continue;
    }
    const ends = heard.filter((report) => isEnd(report.state));
    counts.repeated += Math.max(0, ends.length - new Set(ends.map(({ by, state: end }) => `${by} ${end}`)).size);
    for (const detail of stepsBack(heard)) {
      counts.backwards++;
      finding.violation({ kind: 'backwards', tenant, id, detail });
    }
    // one that has not ended is owed none yet
    if (!isEnd(state)) continue;
    if (told && reportWanted) {
      counts.owed++;
      if (ends.length > 0) counts.reported++;
      else {
        counts.missing++;
        finding.pending({ kind: 'missing', tenant, id, detail: `is ${state}, and its tenant was not told` });
      }
    }
    const last = lastOf(ends);
    if (last && !same(last, state)) {
      counts.differing++;
      finding.pending({ kind: 'differing', tenant, id, detail: `is ${state}, and the last report says ${last.state}` });
    }
  }
  return finding.result(counts);
}

function isState(state: string): state is MessageState {
  return (messageStates as readonly string[]).includes(state);
}

function isEnd(state: string): boolean {
  return isState(state) && isFinal(state);
}

/** A delivery receipt has one word for both (SMPP 3.4 §5.2.28): whoever wrote it down cannot tell them apart. */
const sameBySmpp: ReadonlySet<string> = new Set(['failed', 'undelivered']);

function same(report: Report, state: string): boolean {
  return report.state === state || (report.by === 'smpp' && sameBySmpp.has(report.state) && sameBySmpp.has(state));
}

/** Each way of telling by itself: a webhook that is tried again for hours may say last what SMPP said first. */
function stepsBack(heard: readonly Report[]): string[] {
  if (heard.length < 2) return [];
  return (['smpp', 'webhook'] as const).flatMap((by) => {
    let end: Report | undefined;
    return heard.flatMap((report) => {
      if (report.by !== by) return [];
      const before = end;
      if (!before || isLift(before.state, report.state)) {
        if (isEnd(report.state)) end = report;
        return [];
      }
      return same(report, before.state) ? [] : [`${report.state} after ${before.state}, by ${by}`];
    });
  });
}

/** A late receipt may lift `no_report`. */
function isLift(before: string, after: string): boolean {
  return isState(before) && isState(after) && rankOf(after) > rankOf(before);
}

/** The one that is furthest: what comes late by another way takes nothing back. */
function lastOf(ends: readonly Report[]): Report | undefined {
  return ends.reduce<Report | undefined>(
    (last, one) => (last && rankOf(last.state as MessageState) > rankOf(one.state as MessageState) ? last : one),
    undefined,
  );
}
