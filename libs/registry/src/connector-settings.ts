import { z } from 'zod';

/** How a provider writes a message id, in submit_sm_resp and in receipts: they often differ. */
const idForm = z.enum(['string', 'hex', 'decimal']);

/** Settings of a connector of kind `smpp`; the password is the connector's sealed secret. */
export const smppConnectorSettings = z.strictObject({
  host: z.string().min(1),
  port: z.int().min(1).max(65535),
  tls: z.boolean().default(false),
  systemId: z.string().max(15).default(''),
  systemType: z.string().max(12).default(''),
  /** Transceiver binds held at once. */
  binds: z.int().min(1).max(64).default(1),
  /** Unanswered submit_sm per bind. */
  window: z.int().min(1).max(10_000).default(100),
  /** 0 = as fast as the provider answers. */
  segmentsPerSecond: z.number().min(0).default(0),
  responseTimeoutMs: z.int().min(100).default(60_000),
  enquireLinkMs: z.int().min(100).default(30_000),
  respIdForm: idForm.default('string'),
  receiptIdForm: idForm.default('string'),
  /** A submit_sm that was never answered may have been taken: send it again, or fail it. */
  unknownOutcome: z.enum(['resend', 'fail']).default('resend'),
});
export type SmppConnectorSettings = z.infer<typeof smppConnectorSettings>;
