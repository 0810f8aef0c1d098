import { defineConfig, list, secret, serviceConfig } from '@heliograph/service';

/** Everything this app reads from the environment. What a connector is like stands in the registry. */
export const config = defineConfig(
  serviceConfig.extend({
    CONNECTORS: list()
      .default([])
      .describe('ids of the connectors this process runs, comma-separated; empty runs every enabled one of kind smpp'),
    MASTER_KEY: secret()
      .regex(/^[0-9a-f]{64}$/i, 'must be 64 hex digits')
      .describe('opens the secrets of the registry, 32 octets in hex'),
  }),
);
