import type { InboundSettings, OptOut } from '@heliograph/registry';
import type { z } from 'zod';
import { timeText } from '../http/time.ts';
import type { InboundSettingsBody, optOut } from './schema.ts';

export type ShownOptOut = z.infer<typeof optOut>;

export function showOptOut({ recipient, sender, via, at }: Omit<OptOut, 'tenantId'>): ShownOptOut {
  return { recipient: `+${recipient}`, sender, via, at: timeText(at.getTime()) };
}

/** Settings as the API says them and as the registry keeps them: null here, absent there. */
export function showSettings({ enabled, keywords, replies: { stop, start, help } }: InboundSettings): InboundSettingsBody {
  return { enabled, keywords, replies: { stop: stop ?? null, start: start ?? null, help: help ?? null } };
}

export function readSettings({ enabled, keywords, replies }: InboundSettingsBody): InboundSettings {
  const given = Object.entries(replies).filter(([, text]) => text !== null);
  return { enabled, keywords, replies: Object.fromEntries(given) };
}
