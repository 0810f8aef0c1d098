import { defineConfig, durationMs, serviceConfig } from '@heliograph/service';

export const config = defineConfig(
  serviceConfig.extend({
    GATHER_MS: durationMs().default(200).describe('how long events are gathered before they are written to the history together'),
    REPLAY_WINDOW_MS: durationMs().default(600_000).describe('how long records stay in the streams after every reader has dealt with them'),
    TRIM_EVERY_MS: durationMs().default(10_000).describe('how often the streams are trimmed'),
  }),
);
