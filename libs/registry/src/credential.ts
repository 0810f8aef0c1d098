import { scopesOfRole, type Role, type Scope } from './role.ts';
import type { Snapshot } from './snapshot.ts';

/** `smpp`: a system id and its password; `sms_user`: an SMS_USER and its SMS_KEY; `person`: a name and a password, for a page. */
export const credentialKinds = ['smpp', 'api_key', 'sms_user', 'person'] as const;
export type CredentialKind = (typeof credentialKinds)[number];

export interface Credential {
  readonly id: string;
  /** Empty: an operator's. */
  readonly tenantId: string;
  readonly kind: CredentialKind;
  /** For people. */
  readonly name: string;
  /** The system id, the SMS_USER, the person's name, or the API key's lookup id. */
  readonly login: string;
  readonly verifier: string;
  readonly enabled: boolean;
  readonly role: Role;
  /** Fewer than its role's. Empty: all of them. */
  readonly scopes: readonly Scope[];
  /** `test`: what it submits never reaches a provider. */
  readonly mode: 'live' | 'test';
  readonly expiresAt: Date | null;
  /** When it got the secret that it has. */
  readonly secretSetAt: Date;
  /** The secret before the last reset, good until `previousUntil`. */
  readonly previousLogin: string;
  readonly previousVerifier: string;
  readonly previousUntil: Date | null;
  /** When it got that one. */
  readonly previousSetAt: Date | null;
  readonly window: number;
  /** Bound at once, over all ingress processes. */
  readonly sessions: number;
  /** Where it may come from, CIDR of either family. Empty: anywhere. */
  readonly allowIps: readonly string[];
  /** Of one session. 0: no limit. */
  readonly segmentsPerSecond: number;
  /** What a session may send at once after a pause. 0: one second's worth. */
  readonly burstSegments: number;
  /** What data_coding 0 means in its messages (SMPP 3.4 §5.2.19). */
  readonly defaultAlphabet: 'gsm' | 'latin1';
  /** Inbound messages to this number, or these, are its; as a bind's address_range (SMPP 3.4 §5.2.7). */
  readonly addressRange: string;
}

/** What a new credential has unless something else is said, as the columns' defaults. */
export const credentialDefaults = {
  name: '',
  enabled: true,
  role: 'tenant-user',
  scopes: [],
  mode: 'live',
  expiresAt: null,
  previousLogin: '',
  previousVerifier: '',
  previousUntil: null,
  previousSetAt: null,
  window: 100,
  sessions: 10,
  allowIps: [],
  segmentsPerSecond: 0,
  burstSegments: 0,
  defaultAlphabet: 'gsm',
  addressRange: '',
} as const;

/** Neither it nor its tenant is disabled, and it has not expired. Its secret and where it comes from are another question. */
export function isUsable(credential: Credential, { tenants }: Pick<Snapshot, 'tenants'>, nowMs: number): boolean {
  if (!credential.enabled || (credential.expiresAt !== null && credential.expiresAt.getTime() <= nowMs)) return false;
  return credential.tenantId === '' || (tenants.get(credential.tenantId)?.enabled ?? false);
}

/** A secret that is good at the moment. */
export interface GoodSecret {
  readonly verifier: string;
  /** Tells it from the credential's other secrets, also when its verifier is upgraded to another form. */
  readonly setAtMs: number;
}

/** The secret that it has, and the one before the last reset while that is good. */
export function secretsOf(credential: Credential, nowMs: number): readonly GoodSecret[] {
  const { verifier, secretSetAt, previousVerifier, previousSetAt, previousUntil } = credential;
  const current = { verifier, setAtMs: secretSetAt.getTime() };
  if (previousUntil === null || previousUntil.getTime() <= nowMs) return [current];
  return [current, { verifier: previousVerifier, setAtMs: previousSetAt?.getTime() ?? 0 }];
}

/** What its secret may be compared with: the verifier, and the one before the last reset while that is good. */
export function verifiersOf(credential: Credential, nowMs: number): readonly string[] {
  return secretsOf(credential, nowMs).map(({ verifier }) => verifier);
}

export function mayDo({ role, scopes }: Pick<Credential, 'role' | 'scopes'>, scope: Scope): boolean {
  return scopesOfRole[role].has(scope) && (scopes.length === 0 || scopes.includes(scope));
}
