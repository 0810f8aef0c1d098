import { roles, scopes } from '@heliograph/registry';
import { z } from 'zod';
import { named } from '../http/schema.ts';

/** Generous for people and their password managers; what is hashed or remembered has a bound. */
const loginLengthMax = 256;
const passwordLengthMax = 256;
/** NIST SP 800-63B §3.1.1.2 asks for 8, or 15 where the password is all there is; the issue says 12. */
const passwordLengthMin = 12;

export const login = z.strictObject({
  login: z.string().min(1).max(loginLengthMax),
  password: z.string().min(1).max(passwordLengthMax),
});

export const passwordChange = z.strictObject({
  old: z.string().min(1).max(passwordLengthMax),
  new: z.string().min(passwordLengthMin).max(passwordLengthMax).describe(`at least ${passwordLengthMin} characters, and not your login`),
});

export const person = z.strictObject({
  credential: z.string().describe('id of the credential'),
  name: z.string(),
  role: z.enum(roles),
  scopes: z.array(z.enum(scopes)).describe('what you may do'),
  tenant: z.string().nullable().describe("null: an operator's"),
  csrfToken: z.string().describe('what every request of this session but GET and HEAD must have in X-CSRF-Token'),
});

named.add(login, { id: 'Login' });
named.add(passwordChange, { id: 'PasswordChange' });
named.add(person, { id: 'Person' });
