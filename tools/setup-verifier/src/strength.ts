import { deriveSecret, digestApiKey } from '@heliograph/credential';
import type { Settings } from './facts.ts';

/** Secrets that stand in documents, tests and other people's examples. */
const known = new Set([
  'admin',
  'changeme',
  'default',
  'demo',
  'guest',
  'heliograph',
  'helio',
  'nats',
  'pass',
  'password',
  'postgres',
  'root',
  'secret',
  'secret08',
  'test',
  'unused',
]);

const lengthMin = 16;
/** Of the distribution of its characters; random hex digits have close to 4 each. */
const bitsMin = 48;

/** What is wrong with a secret, after its name; undefined: nothing that can be seen. It never repeats the secret. */
export function weakness(secret: string, settings: Settings): string | undefined {
  if (known.has(secret.toLowerCase())) return 'is one that everybody tries first';
  if (demoDigests(settings['MASTER_KEY']).includes(secret)) return 'is that of the demo';
  if (secret.length < lengthMin) return `has fewer than ${lengthMin} characters`;
  if (isRepeated(secret)) return 'repeats itself';
  if (isRun(secret)) return 'is a run of neighbours';
  return bitsOf(secret) < bitsMin ? 'has too few different characters' : undefined;
}

/** The launcher derives the keys of its demo from the master key: whoever prints them once has them. */
function demoDigests(masterKey: string | undefined): string[] {
  if (!/^[0-9a-f]{64}$/i.test(masterKey ?? '')) return [];
  const key = Buffer.from(masterKey as string, 'hex');
  return ['demo operator key', 'demo api key'].map((label) => digestApiKey(deriveSecret(key, label, 32, 'hex')));
}

/** `0123456789abcdef` four times, or one character only. */
function isRepeated(text: string): boolean {
  return (text + text).indexOf(text, 1) < text.length;
}

function isRun(text: string): boolean {
  const steps = new Set([...text].slice(1).map((character, i) => character.charCodeAt(0) - text.charCodeAt(i)));
  return steps.size === 1;
}

/** Shannon's, of the characters as they are: a bound from above for what was not chosen at random. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - count * Math.log2(count / text.length), 0);
}
