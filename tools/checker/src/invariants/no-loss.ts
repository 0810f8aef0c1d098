import { isFinal, messageStates, type MessageState } from '@heliograph/message';
import type { Evidence } from '../evidence.ts';
import { createFinding, type InvariantResult } from '../finding.ts';

/** `providers`: whether journals say what arrived at them. */
export function noLoss({ messages, contents }: Evidence, { providers }: { providers: boolean }): InvariantResult {
  const finding = createFinding(1, 'no loss: every accepted message is in exactly one final state');
  const counts = { accepted: 0, final: 0, unfinished: 0, missing: 0, changed: 0, 'not arrived': 0 };
  for (const { id, told, namedBy: tenant = '', content, toldTwoContents, listedBy, platformContent, state } of messages.values()) {
    if (!told && listedBy === undefined) continue;
    counts.accepted++;
    if (listedBy === undefined) {
      counts.missing++;
      finding.pending({ kind: 'missing', tenant, id, detail: 'accepted, and the platform does not have it' });
      continue;
    }
    if (toldTwoContents || (told && platformContent !== undefined && content !== platformContent)) {
      counts.changed++;
      const detail = toldTwoContents ? 'one id for two contents' : 'the platform has it with another content';
      finding.violation({ kind: 'changed', tenant: listedBy, id, ...(content === undefined ? {} : { content }), detail });
    }
    if (isEnd(state)) counts.final++;
    else {
      counts.unfinished++;
      finding.pending({ kind: 'unfinished', tenant: listedBy, id, detail: `is ${state}` });
    }
  }
  if (providers) {
    for (const [content, { needed, arrived }] of contents) {
      if (arrived >= needed) continue;
      counts['not arrived'] += needed - arrived;
      finding.violation({ kind: 'not arrived', content, detail: `${needed} have the word of a provider, ${arrived} arrived` });
    }
  }
  return finding.result(counts);
}

function isEnd(state: string | undefined): boolean {
  return (messageStates as readonly (string | undefined)[]).includes(state) && isFinal(state as MessageState);
}
