import { defineConfig, durationMs, serviceConfig } from '@heliograph/service';

export const config = defineConfig(
  serviceConfig.extend({
    LEASE_TTL_MS: durationMs().default(30_000).describe('how long an ingress may spend a lease'),
    LEASE_GRACE_MS: durationMs()
      .default(15_000)
      .describe(
        'how long after its end a lease that was not given back stays open for records under way; its rest then returns to the balance',
      ),
    RECONCILE_EVERY_MS: durationMs().default(60_000).describe('how often the ledger is compared with the streams and the history'),
    UNENDED_AFTER_MS: durationMs()
      .default(345_600_000)
      .describe('how long after the end of its validity a message may be without a final state before that is a difference'),
  }),
);
