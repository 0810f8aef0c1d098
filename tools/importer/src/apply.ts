import { Refused } from '@heliograph/operator-command';
import type { ImportApi } from './import-api.ts';
import { creditsText, topUpKey, type Ownership, type Step } from './plan.ts';
import type { LineProblem } from './users.ts';

export interface Application {
  readonly steps: readonly Step[];
  readonly ownership: Ownership;
  /** Of tenants that are made. */
  readonly pricePlanId: string;
  readonly fileHash: string;
  readonly api: ImportApi;
}

/**
 * Carries the steps out, one after the other. What is refused is a problem and the others go on. Cut off anywhere, the same file goes on where
 * it was: credits come before the credential, under a key that counts once, so whoever has the credential has had its credits.
 */
export async function applyImport({
  steps,
  ownership,
  pricePlanId,
  fileHash,
  api,
}: Application): Promise<{ done: number; problems: readonly LineProblem[] }> {
  const problems: LineProblem[] = [];
  let done = 0;
  if ('tenant' in ownership) await api.checkTenant(ownership.tenant);
  for (const { user, tenant } of steps.filter(({ does }) => does === 'create')) {
    try {
      if ('perUser' in ownership) await api.ensureTenant({ id: tenant, pricePlanId });
      if (user.credits > 0) {
        const key = topUpKey(fileHash, user.systemId);
        await api.topUp(tenant, { credits: creditsText(user.credits), key, note: `SmppServerUsers ${user.systemId}` });
      }
      await api.createCredential(tenant, user);
      done++;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problems.push({ line: user.line, message: error.message });
    }
  }
  return { done, problems };
}
