/** A `curl` of a document, with the answer that is shown below it. */
export interface Example {
  /** Where it stands in the document, from 1. */
  readonly line: number;
  readonly command: string;
  /** As it is shown; empty: nothing is. */
  readonly shown: string;
}

/** The examples of a page: `$ curl …` in blocks of kind `console`. Other commands of such a block are passed over. */
export function examplesOf(page: string): Example[] {
  const lines = page.split('\n');
  const examples: Example[] = [];
  let inside = false;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line.startsWith('```')) inside = line === '```console';
    if (!inside || !line.startsWith('$ ')) continue;
    let command = line.slice('$ '.length);
    const begun = i;
    while (!isComplete(command) && i + 1 < lines.length) command += `\n${lines[++i]}`;
    const shown: string[] = [];
    while (i + 1 < lines.length && !/^(```|\$ )/.test(lines[i + 1] as string)) shown.push(lines[++i] as string);
    if (command.startsWith('curl ')) examples.push({ line: begun + 1, command, shown: shown.join('\n').trim() });
  }
  return examples;
}

/** A command goes on below when its line ends with a backslash or inside quotes. */
function isComplete(command: string): boolean {
  const bare = command.replaceAll(/'[^']*'|"(?:[^"\\]|\\[\s\S])*"/g, '');
  return !command.endsWith('\\') && !/['"]/.test(bare);
}

/** May be asked again until its answer is as shown: what it looks at takes its time. */
export function isLookingOnly(command: string): boolean {
  return !/\s(-d|--data\S*|-X|--request|-F|-T)\s/.test(command);
}

export interface Comparison {
  /** Undefined: it is as shown, apart from what differs each time. */
  readonly difference: string | undefined;
  /** What stands in the place of the ids, keys and cursors that are shown: later commands of the page mean these. */
  readonly found: ReadonlyMap<string, string>;
}

/** Whether an answer has the form of the one that is shown: the same fields and words; times, ids, secrets and numbers of the same kind. */
export function compareAnswer(shown: string, actual: string): Comparison {
  const found = new Map<string, string>();
  return { difference: compareTexts(shown, actual, found), found };
}

function compareTexts(shown: string, actual: string, found: Map<string, string>): string | undefined {
  const [shownHead, shownBody] = splitHead(shown);
  const [head, body] = splitHead(actual);
  const missing = shownHead.find((line) => !head.some((other) => masked(other).toLowerCase() === masked(line).toLowerCase()));
  if (missing !== undefined) return `no header as ${missing}`;
  const [one, other] = [parsed(shownBody), parsed(body)];
  if (one === undefined || other === undefined) return masked(shownBody) === masked(body) ? undefined : `${shownBody} is not ${body}`;
  return compare(one.value, other.value, '', found);
}

/** What `curl -i` writes before the body. */
function splitHead(text: string): [head: string[], body: string] {
  const unix = text.replaceAll('\r', '');
  if (!unix.startsWith('HTTP/')) return [[], unix.trim()];
  const [head = '', ...body] = unix.split('\n\n');
  return [head.split('\n'), body.join('\n\n').trim()];
}

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined; // no JSON, which a page may show, too
  }
}

function compare(shown: unknown, actual: unknown, path: string, found: Map<string, string>): string | undefined {
  const at = path || 'the answer';
  if (typeof shown === 'string' && typeof actual === 'string') return compareStrings(shown, actual, path, found);
  if (typeof shown === 'number' && typeof actual === 'number')
    return path.endsWith('/status') && shown !== actual ? `${at}: ${actual}` : undefined;
  if (Array.isArray(shown) && Array.isArray(actual)) {
    if (shown.length !== actual.length) return `${at}: ${actual.length} instead of ${shown.length}`;
    return first(shown.map((one, i) => () => compare(one, actual[i], `${path}/${i}`, found)));
  }
  if (isObject(shown) && isObject(actual)) {
    const names = [Object.keys(shown), Object.keys(actual)].map((keys) => keys.toSorted().join(', '));
    if (names[0] !== names[1]) return `${at}: has ${names[1]} instead of ${names[0]}`;
    return first(Object.keys(shown).map((key) => () => compare(shown[key], actual[key], `${path}/${key}`, found)));
  }
  return shown === actual ? undefined : `${at}: ${JSON.stringify(actual)} instead of ${JSON.stringify(shown)}`;
}

function compareStrings(shown: string, actual: string, path: string, found: Map<string, string>): string | undefined {
  if (/\/(cursor|next|csrfToken|requestId|secret)$/.test(path)) {
    // a small number, as the audit log's cursors are, stands in other places of a command with another meaning
    if (shown.length >= 3) found.set(shown, actual);
    return undefined;
  }
  const wanted = masked(shown);
  // a page may cut a long one off
  const same = shown.endsWith('…') ? actual.length > 0 : wanted === masked(actual);
  if (!same) return `${path}: ${JSON.stringify(actual)} instead of ${JSON.stringify(shown)}`;
  if (/^<(id|key|secret)>$/.test(wanted) || shown.endsWith('…')) found.set(shown, actual);
  return undefined;
}

/** What differs each time, by kind. The longer ones first. */
const kinds: readonly (readonly [pattern: RegExp, mask: string])[] = [
  [/whsec_[A-Za-z0-9+/]+=*/g, '<secret>'],
  [/\b[0-9a-f]{64}\b/g, '<key>'],
  [/\b[0-9a-f]{32}\b/g, '<id>'],
  [/\b[0-9a-f]{12}\b/g, '<lookup>'],
  [/\b[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\b/g, '<time>'],
  [/\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z\b/g, '<time>'],
  [/\b(127\.0\.0\.1|localhost):\d+/g, '<host>'],
  [/(?<![\w.+])-?\d+(\.\d+)?(?![\w.])/g, '<number>'],
];

function masked(text: string): string {
  // the status of `HTTP/1.1 202 Accepted` and numbers of handsets are what an example is about
  if (text.startsWith('HTTP/')) return text;
  return kinds.reduce((masking, [pattern, mask]) => masking.replaceAll(pattern, mask), text);
}

function first(looks: readonly (() => string | undefined)[]): string | undefined {
  for (const look of looks) {
    const difference = look();
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
