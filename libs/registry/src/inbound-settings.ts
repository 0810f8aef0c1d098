import { z } from 'zod';

/**
 * What becomes of a tenant's inbound messages that are one word: which words say STOP, START and HELP beside the usual ones, and what is
 * answered. Kept as one JSON value of the tenant.
 */

/** Compared without case, and without the marks around them. */
const words = z
  .array(
    z
      .string()
      .trim()
      .min(1)
      .max(40)
      .regex(/[\p{L}\p{N}]/u, 'must have a letter or a digit')
      .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must have no control characters'),
  )
  .max(50)
  .default([]);
/** 10 segments in GSM 03.38 at most, and no control characters but the ends of lines. */
const answer = z
  .string()
  .min(1)
  .max(1_530)
  .regex(/^[^\p{Cs}\0]*$/u, 'must be text')
  .optional();

export const inboundSettings = z.strictObject({
  /** Whether these words change anything. */
  enabled: z.boolean().default(true),
  keywords: z.strictObject({ stop: words, start: words, help: words }).prefault({}),
  replies: z.strictObject({ stop: answer, start: answer, help: answer }).prefault({}),
});
export type InboundSettings = z.infer<typeof inboundSettings>;

const usual: InboundSettings = inboundSettings.parse({});
/** A tenant's row is read once. */
const read = new WeakMap<object, InboundSettings>();

/** Settings that cannot be read, which nobody but a hand in the database can have made, are the usual ones: a STOP holds in any case. */
export function inboundSettingsOf(tenant: { readonly inbound?: unknown }): InboundSettings {
  if (tenant.inbound === undefined) return usual;
  let settings = read.get(tenant);
  if (!settings) read.set(tenant, (settings = readInboundSettings(tenant.inbound)));
  return settings;
}

export function readInboundSettings(stored: unknown): InboundSettings {
  return inboundSettings.safeParse(stored).data ?? usual;
}
