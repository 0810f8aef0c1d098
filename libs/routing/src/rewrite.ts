import { parseSender } from '@heliograph/e164';
import type { Sender } from '@heliograph/message';
import type { RouteRule, RouteTarget } from './rule.ts';
import { normalSender } from './senders.ts';

/** What a message goes out with: the same object when that is its own sender. */
export type Rewrite = (from: Sender) => Sender;

type Words = Pick<RouteTarget, 'sender' | 'senders'>;

/** What the target says goes before what the rule says; what either says of one sender, before what it says of all. */
export function compileRewrite(rule: Pick<RouteRule, 'sender' | 'senders'>, target: Words): Rewrite {
  const words = [target, rule].filter(({ sender, senders }) => sender !== undefined || senders !== undefined).map(compileWords);
  if (words.length === 0) return (from) => from;
  return (from) => {
    const addr = normalSender(from.addr);
    for (const { ofOne, ofAll } of words) {
      const found = ofOne.get(addr) ?? ofAll;
      if (found) return isSame(found, from) ? from : found;
    }
    return from;
  };
}

function compileWords({ sender, senders = {} }: Words): {
  readonly ofOne: ReadonlyMap<string, Sender>;
  readonly ofAll: Sender | undefined;
} {
  return {
    ofOne: new Map(Object.entries(senders).map(([from, to]) => [normalSender(from), senderOf(to)])),
    ofAll: sender === undefined ? undefined : senderOf(sender),
  };
}

function senderOf(text: string): Sender {
  const parsed = parseSender(text);
  // the schema of a rule lets no other pass
  if (!parsed.ok) throw new Error('a rule has a sender that is none');
  return parsed.sender;
}

function isSame(one: Sender, other: Sender): boolean {
  return one.addr === other.addr && one.ton === other.ton && one.npi === other.npi;
}
