import { defineConfig, durationMs, integer, serviceConfig } from '@heliograph/service';

export const config = defineConfig(
  serviceConfig.extend({
    GATHER_MS: durationMs()
      .default(200)
      .describe('how long events of a message that has ended, or waits, are gathered before they are written to the history together'),
    HOLD_MS: durationMs()
      .default(3_000)
      .describe(
        'how long a message that is on its way is held back at most, so that the history writes it once, with all that became of it',
      ),
    REPLAY_WINDOW_MS: durationMs().default(600_000).describe('how long records stay in the streams after every reader has dealt with them'),
    HISTORY_DAYS: integer({ min: 1, max: 3650 })
      .default(90)
      .describe(
        'how long messages and reports are kept, counted from the acceptance and the end; one that has not ended is kept 30 days longer',
      ),
    PURGE_EVERY_MS: durationMs().default(600_000).describe('how often what is older is removed'),
    TRIM_EVERY_MS: durationMs().default(10_000).describe('how often the streams are trimmed'),
  }),
);
