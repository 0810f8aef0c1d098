/**
 * What may not be printed (design §3.7): secrets, numbers and texts, told by the name of the key they stand under, at any depth.
 * Free text has no keys; there `scrub` takes out what looks like one of them.
 */

/** `+15551234567` → `+1555***67`: enough to tell the country and compare two lines, not enough to call. Not a number: as `maskText`. */
export const maskNumber = (number: string): string => {
  const [, plus = '', rest] = /^(\+?)([\d ().-]+)$/.exec(number.trim()) ?? [];
  if (rest === undefined) return maskText(number);
  const digits = rest.replace(/\D/g, '');
  // At least four digits stay hidden: 10 - (4 + 2), 8 - (2 + 2). Shorter ones are short codes and parts: nothing is shown.
  const [head, tail] = digits.length >= 10 ? [4, 2] : digits.length >= 8 ? [2, 2] : [0, 0];
  return `${plus}${digits.slice(0, head)}***${digits.slice(digits.length - tail)}`;
};

/** `some text` → `<9 characters>`; characters are UTF-16 units. */
export const maskText = (text: string): string => `<${text.length} characters>`;

/** A plain copy fit to print. Depth, array length and text length are bounded, so one careless field cannot cost a megabyte of log. */
export const maskFields = (fields: object): Record<string, unknown> => maskKeys(fields, 0);

/** An error as fields: its type, message, stack, cause and the few details that are known to hold no data of a message. */
export const maskError = (error: Error, depth = 0): Record<string, unknown> => ({
  type: error.name,
  message: scrubProse(error.message),
  stack: scrubProse(error.stack ?? ''),
  ...Object.fromEntries(errorDetails.flatMap((key) => (key in error ? [[key, maskValue(error[key as keyof Error], depth + 1)]] : []))),
  ...(error.cause === undefined || depth >= depthMax ? {} : { cause: maskValue(error.cause, depth + 1) }),
  ...(error instanceof AggregateError && depth < depthMax ? { errors: maskList(error.errors, depth + 1) } : {}),
});

/** Takes out of a field's text: credentials of a URL, `key=value` secrets, bearer tokens, API keys and numbers written with `+`. */
export const scrub = (text: string): string => {
  const kept = text.length <= textMax ? text : `${text.slice(0, textMax)}<${text.length - textMax} more>`;
  return looksHarmless(kept) ? kept : patterns.reduce((out, [pattern, to]) => out.replace(pattern, to as string), kept);
};

/** As `scrub`, for prose: bare runs of 10 to 15 digits go too. In a field they may be ids and times; in prose nobody needs them. */
export const scrubProse = (text: string): string => scrub(text).replace(/(?<![\w.*])\d{10,15}(?!\w)/g, maskNumber);

type Mask = (text: string) => string;
type Rule = { mask: Mask; keepObjects?: true };

const depthMax = 5;
const listMax = 50;
const textMax = 4096;
const secretShown = '<secret>';

const errorDetails = ['code', 'errno', 'syscall', 'address', 'port', 'status', 'statusCode', 'severity', 'constraint', 'table', 'schema'];

const maskUrl: Mask = (text) => scrub(text.replace(/[?#].*$/s, '?…'));

/** The subject of a stream may be shown (`message.submitted.otp`), that of a mail is somebody's text. */
const maskSubject: Mask = (text) => (/^[\w$*>-]+(\.[\w$*>-]+)+$/.test(text) ? text : maskText(text));

const secretRule: Rule = { mask: () => secretShown };
const numberRule: Rule = { mask: maskNumber };
const textRule: Rule = { mask: maskText };
const urlRule: Rule = { mask: maskUrl };

/** Names are compared in lower case without `_` and `-`: `sms_key`, `smsKey` and `SMS-KEY` are one. */
const rules = new Map<string, Rule>([
  ...'key apikey xapikey smskey devicekey privatekey secretkey signingkey masterkey password passwd pwd passphrase pin passwordhash keyhash secret token authorization cookie'
    .split(' ')
    .map((name) => [name, secretRule] as const),
  ...'to from phone phonenumber number msisdn destination destinationaddr destaddr source sourceaddr sender recipient recipients originator mobile addressrange'
    .split(' ')
    .map((name) => [name, numberRule] as const),
  ...'text body shortmessage messagepayload messagetext payload content html pdu raw query querystring search'
    .split(' ')
    .map((name) => [name, textRule] as const),
  ['subject', { mask: maskSubject }],
  // A message of ours is an object with keys of its own; a message of an HTTP form is the text.
  ['message', { mask: maskText, keepObjects: true }],
  ...'url uri originalurl path href location referer'.split(' ').map((name) => [name, urlRule] as const),
]);

const secretEnding = /(password|secret|token|authorization|cookie|apikey)$/;

// Key names come from our own code, so the cache is small; the bound is for the day somebody logs an object keyed by ids.
const ruleByKey = new Map<string, Rule | undefined>();
const rulesCachedMax = 5000;

const ruleOf = (key: string): Rule | undefined => {
  if (ruleByKey.has(key)) return ruleByKey.get(key);
  const name = key.toLowerCase().replace(/[_-]/g, '');
  const rule = rules.get(name) ?? (secretEnding.test(name) ? secretRule : undefined);
  if (ruleByKey.size < rulesCachedMax) ruleByKey.set(key, rule);
  return rule;
};

const maskKeys = (fields: object, depth: number): Record<string, unknown> => {
  const masked: Record<string, unknown> = {};
  for (const key of Object.keys(fields)) {
    const value = (fields as Record<string, unknown>)[key];
    const rule = ruleOf(key);
    const byKeys = rule === undefined || (rule.keepObjects && typeof value === 'object');
    masked[key] = byKeys ? maskValue(value, depth + 1) : maskLeaves(value, rule.mask, depth + 1);
  }
  return masked;
};

const maskValue = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return maskError(value, depth);
  if (depth > depthMax) return '<deep>';
  if (Array.isArray(value)) return maskList(value, depth);
  return isPlain(value) ? maskKeys(value, depth) : opaque(value);
};

const maskList = (items: readonly unknown[], depth: number): unknown[] => {
  const masked = items.slice(0, listMax).map((item) => maskValue(item, depth + 1));
  return items.length <= listMax ? masked : [...masked, `<${items.length - listMax} more>`];
};

/** Under a masked key everything is masked, whatever its shape: `{ to: { address: '…' } }`. */
const maskLeaves = (value: unknown, mask: Mask, depth: number): unknown => {
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  if (mask === secretRule.mask) return secretShown;
  if (typeof value !== 'object') return mask(String(value));
  if (depth > depthMax) return '<deep>';
  if (Array.isArray(value)) return value.slice(0, listMax).map((item) => maskLeaves(item, mask, depth + 1));
  if (!isPlain(value)) return opaque(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskLeaves(item, ruleOf(key)?.mask ?? mask, depth + 1)]));
};

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Jest runs specs in a realm of their own, as vm contexts do: its Object.prototype is another one, but its prototype is null all the same.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/** Sockets, requests, buffers: their insides are never wanted in a log, their kind may be. */
const opaque = (value: object): unknown => {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '<no date>' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  return `<${(value.constructor as { name?: string } | undefined)?.name ?? 'object'}>`;
};

/** Most texts are short words without any of the signs below; telling that is cheaper than six replacements. */
const looksHarmless = (text: string): boolean => text.length < 64 && !/[+:=]|bearer|basic|whsec_/i.test(text);

// No pattern may need more than linear time: a log line can hold what a peer sent.
const patterns: readonly (readonly [RegExp, string | Mask])[] = [
  [/:\/\/[^/\s@]{1,512}@/g, '://***@'],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 ***'],
  [/(password|passwd|pwd|secret|token|key|authorization)(["']?\s{0,8}[:=]\s{0,8}["']?)([^\s"'&,;]+)/gi, '$1$2***'],
  [/\bwhsec_[\w+/=]+/g, secretShown],
  [/\b[0-9a-f]{64}\b/gi, secretShown],
  [/\+\d[\d ().-]{5,20}\d/g, maskNumber],
];
