import { defineConfig, durationMs, serviceConfig } from '@heliograph/service';

export const config = defineConfig(
  serviceConfig.extend({
    LEASE_TTL_MS: durationMs().default(30_000).describe('how long an ingress may spend a lease'),
    LEASE_GRACE_MS: durationMs()
      .default(15_000)
      .describe(
        'how long after its end a lease that was not given back stays open for records under way; its rest then returns to the balance',
      ),
  }),
);
