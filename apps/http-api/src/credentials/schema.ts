import { isLegacyHex, legacyForms, readNetworks } from '@heliograph/credential';
import { credentialKinds, roles, scopes } from '@heliograph/registry';
import { z } from 'zod';
import { named, time, timeGiven } from '../http/schema.ts';

const pageMax = 1_000;
const day = 24 * 3600;

/** SMPP 3.4 §4.1.1: a password has 9 octets with the NUL, a system id 16. */
const smppPasswordMax = 8;
const smppLoginMax = 15;
/** NIST SP 800-63B §3.1.1 asks for 15 where it is the only factor, OWASP for 12 to 128 and more. */
const personPasswordMin = 12;

/** No space, no control character: it is written into configurations and compared octet by octet. */
const printable = /^[!-~]+$/;

/** As the registry's tables have them: what is not of this form is not there. */
export const credentialIdForm = /^[a-z0-9][a-z0-9-]{0,39}$/;

const name = z
  .string()
  .max(100)
  .regex(/^\P{Cc}*$/u, 'must have no control characters')
  .describe('for people');
const role = z.enum(roles).describe('the most it may do; an operator has no tenant, everybody else has one');
const scopeList = z.array(z.enum(scopes)).max(scopes.length).describe("fewer than its role's; empty: all of them");
const allowIps = z
  .array(z.string().max(50))
  .max(100)
  .refine(
    (entries) => readNetworks(entries).unreadable.length === 0,
    'must be addresses or networks such as 198.51.100.0/24, 2001:db8::/32',
  )
  .describe('where it may come from; empty: anywhere');
const expiresAt = timeGiven.nullable().describe('from then on it is refused, RFC 3339; null: never');
const window = z.int().min(1).max(10_000).describe('unanswered requests of one session');
const sessions = z.int().min(1).max(10_000).describe('SMPP sessions bound at once');
const segmentsPerSecond = z.number().min(0).max(1_000_000).describe('of one session; 0: no limit');
const burstSegments = z.int().min(0).max(1_000_000).describe("what may be sent at once after a pause; 0: one second's worth");
const defaultAlphabet = z.enum(['gsm', 'latin1']).describe('what data_coding 0 means in its messages (SMPP 3.4 §5.2.19)');
const addressRange = z
  .string()
  .max(40)
  .regex(/^[ -~]*$/, 'must be printable ASCII')
  .describe('inbound messages to this number, or these, are its (SMPP 3.4 §5.2.7)');

/** What may be said when it is made, and changed later. */
const settings = z.strictObject({
  name: name.optional(),
  role: role.optional(),
  scopes: scopeList.optional(),
  allowIps: allowIps.optional(),
  expiresAt: expiresAt.optional(),
  window: window.optional(),
  sessions: sessions.optional(),
  segmentsPerSecond: segmentsPerSecond.optional(),
  burstSegments: burstSegments.optional(),
  defaultAlphabet: defaultAlphabet.optional(),
  addressRange: addressRange.optional(),
});

export const legacyVerifier = z
  .strictObject({
    form: z
      .enum(legacyForms)
      .describe('sha1-utf16le: SHA-1 of the UTF-16LE password; sha256: SHA-256 of the UTF-8 password; neither salted'),
    hex: z.string().max(64).describe('the hash, hex of any case'),
  })
  .refine(({ form, hex }) => isLegacyHex(form, hex), { path: ['hex'], message: 'is no hash of this form' });

export const newCredential = settings
  .extend({
    kind: z
      .enum(credentialKinds)
      .describe('api_key: for HTTP; smpp: a system id and its password; sms_user: an SMS_USER and its SMS_KEY; person: for a page'),
    login: z
      .string()
      .max(100)
      .regex(printable, 'must be printable ASCII without spaces')
      .optional()
      .describe('system id, SMS_USER or name of a person'),
    password: z
      .string()
      .max(200)
      .optional()
      .describe(`of kind smpp (6 to ${smppPasswordMax} characters) or person (${personPasswordMin} or more); without it one is made`),
    mode: z.enum(['live', 'test']).optional().describe('test: what it submits never reaches a provider; stays as it is'),
    legacyVerifier: legacyVerifier
      .optional()
      .describe(
        'instead of a password, of kind smpp; for operators: the hash that another product stored. It is kept wrapped until the first good login',
      ),
  })
  .superRefine((given, context) => {
    for (const [field, message] of faults(given)) context.addIssue({ code: 'custom', path: [field], message });
  });
export type NewCredentialBody = z.infer<typeof newCredential>;

/** What the kinds ask of login and password. */
function faults({
  kind,
  login,
  password,
  legacyVerifier: legacy,
}: Pick<NewCredentialBody, 'kind' | 'login' | 'password' | 'legacyVerifier'>): [string, string][] {
  const found: [string, string | false][] = [
    ['login', kind === 'api_key' ? login !== undefined && 'is made with the key' : login === undefined && 'is needed'],
    ['login', kind === 'smpp' && (login?.length ?? 0) > smppLoginMax && `must have at most ${smppLoginMax} characters (SMPP 3.4 §5.2.1)`],
    ['password', password !== undefined && passwordFault(kind, password, login)],
    ['legacyVerifier', legacy !== undefined && kind !== 'smpp' && 'is for kind smpp'],
    ['legacyVerifier', legacy !== undefined && password !== undefined && 'is instead of a password'],
  ];
  return found.filter((one): one is [string, string] => one[1] !== false);
}

function passwordFault(kind: NewCredentialBody['kind'], password: string, login: string | undefined): string | false {
  switch (kind) {
    case 'api_key':
    case 'sms_user':
      return 'is made here: 64 hex digits';
    case 'smpp':
      return (
        !(printable.test(password) && password.length >= 6 && password.length <= smppPasswordMax) &&
        `must have 6 to ${smppPasswordMax} characters of printable ASCII (SMPP 3.4 §5.2.2)`
      );
    case 'person':
      return (
        (password.length < personPasswordMin && `must have at least ${personPasswordMin} characters`) ||
        (password === login && 'must not be the login')
      );
  }
}

export const credentialChange = settings.extend({
  enabled: z.boolean().optional().describe('false: refused, and its sessions are closed, until it is enabled again'),
});
export type CredentialChangeBody = z.infer<typeof credentialChange>;

export const credentialReset = z.strictObject({
  graceSeconds: z
    .int()
    .min(0)
    .max(7 * day)
    .default(0)
    .describe('how long the old secret stays good, of an API key or a system id; 0: refused everywhere within a second, sessions closed'),
});

export const credential = z.strictObject({
  id: z.string(),
  tenant: z.string().nullable().describe("null: an operator's"),
  kind: z.enum(credentialKinds),
  login: z.string().describe('of an API key: the first 12 digits of its SHA-256'),
  name,
  role,
  scopes: scopeList,
  mode: z.enum(['live', 'test']),
  enabled: z.boolean(),
  allowIps: z.array(z.string()),
  expiresAt: time.nullable(),
  window,
  sessions,
  segmentsPerSecond,
  burstSegments,
  defaultAlphabet,
  addressRange,
  secretSetAt: time.describe('when it got the secret that it has'),
  previousUntil: time.nullable().describe('until then the secret before is good as well; null: it is not'),
  rotateBy: time.nullable().describe('when its secret is 90 days old; null: a person, whose password need not change'),
  rotationDue: z.boolean().describe('from 14 days before that'),
  lastUsedAt: time.nullable().describe('to within half a minute; null: never'),
  lastUsedFrom: z.string().nullable().describe('address it came from then'),
});

export const madeCredential = credential.extend({
  secret: z.string().nullable().describe('key or password, shown this once; null: it was imported as a hash, and nobody here knows it'),
});

export const credentialQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(pageMax).default(100).describe(`credentials in a page, 1 to ${pageMax}; default 100`),
  after: z.string().regex(credentialIdForm, 'is no id of a credential').optional().describe('the `next` of the page before'),
});

export const credentialList = z.strictObject({
  credentials: z.array(credential).describe('by id'),
  next: z.string().nullable().describe('for `after` of the next page; null: this is the last'),
});

named.add(legacyVerifier, { id: 'LegacyVerifier' });
named.add(newCredential, { id: 'NewCredential' });
named.add(credentialChange, { id: 'CredentialChange' });
named.add(credentialReset, { id: 'CredentialReset' });
named.add(credential, { id: 'Credential' });
named.add(madeCredential, { id: 'MadeCredential' });
named.add(credentialList, { id: 'CredentialList' });
