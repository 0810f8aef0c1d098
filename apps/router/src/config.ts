import { defineConfig, serviceConfig } from '@heliograph/service';

/** The router has no settings of its own: where messages go is in the registry. */
export const config = defineConfig(serviceConfig);
