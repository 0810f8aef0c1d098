import { bool, defineConfig, durationMs, integer, secret, serviceConfig } from '@heliograph/service';

export const config = defineConfig(
  serviceConfig.extend({
    MASTER_KEY: secret()
      .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits')
      .describe("opens the tenants' webhook secrets: 32 octets in hex"),
    RECEIPT_HOLD_MS: durationMs()
      .default(3_000)
      .describe('how long a message waits for its receipts in memory before it becomes a row; 0 = not at all, as with several processes'),
    EARLY_RECEIPT_KEEP_MS: durationMs().default(3_600_000).describe('how long a receipt with an unknown id waits for its message'),
    NO_REPORT_AFTER_MS: durationMs()
      .default(259_200_000)
      .describe('a message without a receipt this long after it was sent ends as no_report'),
    FINAL_KEEP_MS: durationMs().default(86_400_000).describe('how long a message is remembered after its end, to know late duplicates'),
    WEBHOOK_KEEP_DAYS: integer({ min: 1, max: 365 })
      .default(30)
      .describe('days that posted webhooks and their attempts are kept, to look at and to post again'),
    SWEEP_EVERY_MS: durationMs().default(60_000).describe('how often overdue messages are ended and old rows removed'),
    ALLOW_PRIVATE_WEBHOOKS: bool()
      .default(false)
      .describe('post webhooks to private, loopback and link-local addresses too: for trials on one machine only'),
    WEBHOOK_POLL_MS: durationMs().default(2_000).describe('how often the database is asked for webhooks that are due again'),
    WEBHOOKS_PER_ENDPOINT: integer({ min: 1, max: 1_000 }).default(8).describe("webhooks posted to one host of a tenant's at once"),
    DATABASE_CONNECTIONS: integer({ min: 2, max: 20 }).default(4).describe('connections to Postgres'),
  }),
);
