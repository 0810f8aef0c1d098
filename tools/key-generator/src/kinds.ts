import { newApiKey, newWebhookSecret } from '@heliograph/credential';
import { randomBytes, randomInt } from 'node:crypto';

/** One value of what was made. */
export interface Part {
  /** Also its name in JSON and, in capitals, in an environment file. */
  readonly name: string;
  readonly value: string;
  /**
   * `secret`: what whoever needs it must be given, and what `--write` puts into the file. `public`: may be shown and kept anywhere.
   * `personal`: a person's own secret, which no server needs: always shown, never in the file.
   */
  readonly is: 'secret' | 'public' | 'personal';
}

export interface Kind {
  readonly help: string;
  make(): readonly Part[];
}

/** What can be made, by the word that asks for it. */
export const kinds = {
  'api-key': { help: 'API key of 64 hex digits, its look-up id and the digest that is stored', make: apiKey },
  'operator-key': { help: "API key of the first operator, and http-api's line OPERATOR_KEY_DIGEST", make: operatorKey },
  'master-key': { help: 'MASTER_KEY: 32 random bytes as 64 hex digits', make: () => [secret('MASTER_KEY', randomHex(32))] },
  'webhook-secret': {
    help: 'webhook secret of the Standard Webhooks form, whsec_',
    make: () => [secret('webhook_secret', newWebhookSecret())],
  },
  'smpp-password': { help: 'password of 8 characters, the most that a bind carries', make: () => [secret('smpp_password', randomText(8))] },
  'person-password': { help: 'password for a person', make: () => [secret('person_password', personPassword())] },
  env: { help: 'all that a new installation needs, as lines of an .env file', make: environment },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof kinds;

/** Letters and digits without those that are taken for one another (0 O o, 1 I l): 56 of them. */
export const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789';

function apiKey(): Part[] {
  const { key, lookupId, digest } = newApiKey();
  return [secret('api_key', key), open('lookup_id', lookupId), open('digest', digest)];
}

function operatorKey(): Part[] {
  const { key, lookupId, digest } = newApiKey();
  return [secret('operator_key', key), open('lookup_id', lookupId), open('OPERATOR_KEY_DIGEST', digest)];
}

/** The operator's key itself is a person's: a server that is broken into must not hold it. */
function environment(): Part[] {
  const { key, digest } = newApiKey();
  return [
    secret('MASTER_KEY', randomHex(32)),
    secret('OPERATOR_KEY_DIGEST', digest),
    secret('DATABASE_URL', `postgres://heliograph:${randomHex(24)}@127.0.0.1:5432/heliograph`),
    secret('NATS_URL', `nats://heliograph:${randomHex(24)}@127.0.0.1:4222`),
    { name: 'operator_key', value: key, is: 'personal' },
  ];
}

/** 5 groups of 5 characters, 145 bits: long enough to be pasted, legible enough to be typed once. */
function personPassword(): string {
  return Array.from({ length: 5 }, () => randomText(5)).join('-');
}

/** 5.8 bits a character; randomInt is without bias. */
function randomText(length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

function randomHex(octets: number): string {
  return randomBytes(octets).toString('hex');
}

function secret(name: string, value: string): Part {
  return { name, value, is: 'secret' };
}

function open(name: string, value: string): Part {
  return { name, value, is: 'public' };
}
