import { defineConfig, durationMs, integer, serviceConfig } from '@heliograph/service';

/** Where messages go is in the registry. */
export const config = defineConfig(
  serviceConfig.extend({
    INBOUND_PARTS_WAIT_MS: durationMs()
      .default(300_000)
      .describe("how long the parts of a handset's message wait for those that are missing, before they are handed on without"),
    INBOUND_SWEEP_EVERY_MS: durationMs().default(5_000).describe('how often it is looked whose parts have waited long enough'),
    DATABASE_CONNECTIONS: integer({ min: 2, max: 20 }).default(3).describe('connections to Postgres, beside one for the registry'),
  }),
);
