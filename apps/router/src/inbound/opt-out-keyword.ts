import type { OptOutKeyword } from '@heliograph/message';

/** Words of a tenant's own, beside the usual ones. */
export type OptOutWords = Readonly<Record<OptOutKeyword, readonly string[]>>;

/**
 * STOP: what United States law lists (47 CFR § 64.1200(a)(10): stop, quit, end, revoke, opt out, cancel, unsubscribe), the common forms STOPALL
 * and OPTOUT (CTIA Messaging Principles and Best Practices, §5.1.3), and the word for it in French, German and the Scandinavian languages, and
 * Spanish. `yes` starts nothing: it answers too many questions.
 */
const usual: OptOutWords = {
  stop: [
    'stop',
    'stopall',
    'stop all',
    'unsubscribe',
    'cancel',
    'end',
    'quit',
    'optout',
    'opt out',
    'opt-out',
    'revoke',
    'arret',
    'stopp',
    'baja',
  ],
  start: ['start', 'unstop', 'subscribe'],
  help: ['help', 'info'],
};

const kinds = ['stop', 'start', 'help'] as const;
const usualKinds = kindsOf(usual);
/** What is longer is no word alone: the longest of a tenant's is 40, and marks may be around it. */
const lengthMax = 80;

/** What a text asks that is one of the words and nothing else, whatever its case, accents and the marks around it. Of two meanings: stop, then start. */
export function optOutKeyword(text: string, own?: OptOutWords): OptOutKeyword | undefined {
  if (text.length > lengthMax) return undefined;
  const word = plain(text);
  return usualKinds.get(word) ?? (own && word !== '' ? ownKindsOf(own).get(word) : undefined);
}

/** Words are those of a tenant's settings, which a new snapshot shares. */
const ownKinds = new WeakMap<OptOutWords, ReadonlyMap<string, OptOutKeyword>>();

function ownKindsOf(words: OptOutWords): ReadonlyMap<string, OptOutKeyword> {
  let known = ownKinds.get(words);
  if (!known) ownKinds.set(words, (known = kindsOf(words)));
  return known;
}

function kindsOf(words: OptOutWords): ReadonlyMap<string, OptOutKeyword> {
  return new Map(kinds.toReversed().flatMap((kind) => words[kind].map((word) => [plain(word), kind])));
}

/** Accents of Latin letters alone: in other scripts such marks make another word. */
function plain(text: string): string {
  return text
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/^[^\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+$/gu, '')
    .replaceAll(/\s+/g, ' ');
}
