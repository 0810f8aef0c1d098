import { normalizeProviderId } from '@heliograph/smpp';
import type { SmppConnectorSettings } from '@heliograph/registry';

export type ProviderIds = Pick<SmppConnectorSettings, 'respIdForm' | 'receiptIdForm' | 'idCase' | 'idLeadingZeros'>;

const digitsOf = { hex: /^[0-9a-f]+$/i, decimal: /^\d+$/, string: undefined } as const;

/**
 * A provider's id in a form that is equal in submit_sm_resp and in receipts. Numbers of their base become decimal without leading zeros;
 * all else stays text, whose case and leading zeros count only where the connector says so.
 */
export function comparableId(id: string, where: 'respIdForm' | 'receiptIdForm', ids: ProviderIds): string {
  const form = ids[where];
  const trimmed = id.trim();
  if (digitsOf[form]?.test(trimmed)) return normalizeProviderId(trimmed, form);
  const cased = ids.idCase === 'ignore' ? trimmed.toLowerCase() : trimmed;
  return ids.idLeadingZeros === 'strip' ? cased.replace(/^0+(?=.)/, '') : cased;
}
