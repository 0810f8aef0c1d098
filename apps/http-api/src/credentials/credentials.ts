import { needsUpgrade } from '@heliograph/credential';
import { newId } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import {
  changeCredential,
  credentialDefaults,
  listCredentials,
  recordUses,
  registryChanged,
  upgradeVerifier,
  type Actor,
  type Credential,
  type CredentialChange,
  type CredentialKind,
  type CredentialOutcome,
  type CredentialUpgrade,
  type CredentialUpgraded,
  type CredentialsUsed,
  type ListedCredential,
  type RegistryDatabase,
  type RegistryWatch,
} from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import type { Caller } from '../caller/caller.ts';
import { problem, type Problem } from '../http/problem.ts';
import { mayGive, notGiven, noTenant, powersFaults, powersOfNew } from './give.ts';
import { credentialIdForm, type CredentialChangeBody, type NewCredentialBody } from './schema.ts';
import { makeSecret, withSecret } from './secret.ts';

/** Who asks, and whom it is about; an empty tenant: everybody. */
export interface Asker {
  readonly caller: Caller;
  readonly tenant: string;
  readonly actor: Actor;
}

export type Outcome<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: Problem };

export interface Made {
  readonly credential: Credential;
  readonly secret: string | null;
}

/** The credentials in the registry. A problem `unavailable`: its database does not answer. */
export interface Credentials {
  /** By id, the first `limit` after this one. */
  list(asker: Asker, page: { readonly limit: number; readonly after?: string | undefined }): Promise<Outcome<readonly ListedCredential[]>>;
  find(asker: Asker, id: string): Promise<Outcome<ListedCredential>>;
  make(asker: Asker, body: NewCredentialBody): Promise<Outcome<Made>>;
  change(asker: Asker, id: string, change: CredentialChangeBody): Promise<Outcome<Credential>>;
  remove(asker: Asker, id: string): Promise<Outcome<undefined>>;
  reset(asker: Asker, id: string, graceMs: number): Promise<Outcome<Made>>;
  /** For the doors: which credentials were used, and good logins with a verifier of an old form. */
  used(told: CredentialsUsed): Promise<object>;
  upgrade(program: string, upgrade: CredentialUpgrade): Promise<CredentialUpgraded>;
}

export interface CredentialsOptions {
  readonly database: RegistryDatabase;
  readonly registry: Pick<RegistryWatch, 'current' | 'refresh'>;
  readonly broadcast: Queue['broadcast'];
  readonly log: Pick<Log, 'error'>;
  readonly now?: () => number;
}

export function createCredentials({ database, registry, broadcast, log, now = Date.now }: CredentialsOptions): Credentials {
  /** What the database does not give is `unavailable`. */
  async function reach<Value>(what: string, work: () => Promise<Outcome<Value>>): Promise<Outcome<Value>> {
    try {
      return await work();
    } catch (err) {
      log.error({ err }, what);
      return refuse(away);
    }
  }

  async function write(actor: Actor, change: CredentialChange<Problem>): Promise<Outcome<CredentialOutcome<Problem>>> {
    if (!credentialIdForm.test(change.id)) return refuse(notFound);
    const outcome = await changeCredential(database, actor, change);
    if (outcome.kind === 'refused') return refuse(outcome.refusal);
    if (outcome.kind === 'login_taken') return refuse(loginTaken);
    if (outcome.kind === 'no_tenant') return refuse(noTenant);
    await told();
    return { ok: true, value: outcome };
  }

  async function told(): Promise<void> {
    broadcast(registryChanged, {});
    await registry.refresh();
  }

  async function find({ tenant }: Asker, id: string): Promise<Outcome<ListedCredential>> {
    const [found] = credentialIdForm.test(id) ? await listCredentials(database, { id, limit: 1, ...ofTenant(tenant) }) : [];
    return found ? { ok: true, value: found } : refuse(notFound);
  }

  async function put(actor: Actor, change: CredentialChange<Problem>): Promise<Outcome<Credential>> {
    const written = await write(actor, change);
    if (!written.ok) return written;
    if (written.value.kind !== 'put') throw new Error('bug: not put, and not refused');
    return { ok: true, value: written.value.credential };
  }

  return {
    list: ({ tenant }, page) =>
      reach('credentials not listed', async () => ({ ok: true, value: await listCredentials(database, { ...page, ...ofTenant(tenant) }) })),
    find: (asker, id) => reach('credential not found', () => find(asker, id)),
    make: ({ caller, tenant, actor }, body) =>
      reach('credential not made', async () => {
        const powers = powersOfNew(body, { caller, tenant, tenants: registry.current.tenants });
        if ('problem' in powers) return refuse(powers.problem);
        const made = await makeSecret(body.kind, body);
        const credential = newCredentialOf(body, powers, { made, nowMs: now() });
        const written = await put(actor, { id: credential.id, action: 'credential.created', decide: () => ({ kind: 'put', credential }) });
        return written.ok ? { ok: true, value: { credential: written.value, secret: made.secret } } : written;
      }),
    change: (asker, id, change) =>
      reach('credential not changed', () =>
        put(asker.actor, { id, action: 'credential.changed', decide: (before) => decideChange(asker, before, change) }),
      ),
    remove: (asker, id) =>
      reach('credential not removed', async () => {
        const decide: CredentialChange<Problem>['decide'] = (before) => {
          const fault = reachFault(asker, before);
          return fault ? { kind: 'refuse', refusal: fault } : { kind: 'remove' };
        };
        const written = await write(asker.actor, { id, action: 'credential.deleted', decide });
        return written.ok ? { ok: true, value: undefined } : written;
      }),
    reset: (asker, id, graceMs) =>
      reach('credential not reset', async () => {
        const found = await find(asker, id);
        if (!found.ok) return found;
        const fault = reachFault(asker, found.value.credential);
        if (fault) return refuse(fault);
        const { kind } = found.value.credential;
        if (graceMs > 0 && !kindsWithGrace.has(kind)) return refuse(noGrace);
        const made = await makeSecret(kind);
        const decide: CredentialChange<Problem>['decide'] = (before) => {
          const later = reachFault(asker, before);
          if (later || !before) return { kind: 'refuse', refusal: later ?? notFound };
          return { kind: 'put', credential: withSecret(before, made, { graceMs, nowMs: now() }) };
        };
        const written = await put(asker.actor, { id, action: 'credential.reset', decide });
        return written.ok ? { ok: true, value: { credential: written.value, secret: made.secret } } : written;
      }),
    async used({ uses }) {
      await recordUses(database, uses);
      return {};
    },
    async upgrade(program, upgrade) {
      // nothing weaker than what we make ourselves
      if (needsUpgrade(upgrade.to)) return { upgraded: false };
      const upgraded = await upgradeVerifier(database, { credential: program, address: '', requestId: '' }, upgrade);
      if (upgraded) await told();
      return { upgraded };
    },
  };
}

function newCredentialOf(
  {
    login,
    name,
    allowIps,
    expiresAt,
    window,
    sessions,
    segmentsPerSecond,
    burstSegments,
    defaultAlphabet,
    addressRange,
    kind,
  }: NewCredentialBody,
  powers: Pick<Credential, 'tenantId' | 'role' | 'scopes' | 'mode'>,
  { made, nowMs }: { readonly made: { readonly login?: string; readonly verifier: string }; readonly nowMs: number },
): Credential {
  const given = { name, allowIps, window, sessions, segmentsPerSecond, burstSegments, defaultAlphabet, addressRange };
  return {
    ...credentialDefaults,
    ...present(given),
    ...powers,
    id: newId(),
    kind,
    login: made.login ?? login ?? '',
    verifier: made.verifier,
    secretSetAt: new Date(nowMs),
    expiresAt: dateOf(expiresAt) ?? null,
  };
}

function decideChange(
  asker: Asker,
  before: Credential | undefined,
  { expiresAt, ...change }: CredentialChangeBody,
): ReturnType<CredentialChange<Problem>['decide']> {
  const fault = reachFault(asker, before);
  if (fault || !before) return { kind: 'refuse', refusal: fault ?? notFound };
  const until = dateOf(expiresAt);
  const credential: Credential = { ...before, ...present(change), ...(until === undefined ? {} : { expiresAt: until }) };
  if (!mayGive(asker.caller, credential)) return { kind: 'refuse', refusal: notGiven };
  const faults = powersFaults(credential);
  if (faults.length > 0) return { kind: 'refuse', refusal: problem('invalid', 'the body does not fit', faults) };
  return { kind: 'put', credential };
}

/** Another tenant's is not found; one that may do more than the caller is out of his reach. */
function reachFault({ caller, tenant }: Asker, before: Credential | undefined): Problem | undefined {
  if (!before || (tenant !== '' && before.tenantId !== tenant)) return notFound;
  return mayGive(caller, before) ? undefined : notGiven;
}

type Present<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

/** Without the fields that were not given. */
function present<Fields extends object>(fields: Fields): Present<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<Fields>;
}

/** Undefined: not given; null: never. */
function dateOf(time: string | null | undefined): Date | null | undefined {
  return time === undefined || time === null ? time : new Date(time);
}

function ofTenant(tenant: string): { tenantId?: string } {
  return tenant === '' ? {} : { tenantId: tenant };
}

function refuse(given: Problem): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: given };
}

const notFound = problem('not_found', 'you have no credential with this id');
/** The Aurora door's contract is that an old SMS_KEY is refused at once; a person has one password, and knows when it is changed. */
const kindsWithGrace: ReadonlySet<CredentialKind> = new Set(['api_key', 'smpp']);

const noGrace = problem('invalid', 'the body does not fit', [
  { field: '/graceSeconds', message: 'must be 0: only keys and system ids have a grace' },
]);
const loginTaken = problem('login_taken', 'another credential of this kind has this login', [{ field: '/login', message: 'is taken' }]);
const away = problem('unavailable', 'the registry does not answer, and nothing may have changed');
