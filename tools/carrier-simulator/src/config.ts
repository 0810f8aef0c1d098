import { bool, defineConfig, durationMs, integer, port, secret, serviceConfig } from '@heliograph/service';
import { z } from 'zod';
import { behaviourNames, defaultBehaviourOptions as defaults } from './behaviour.ts';

/** Everything the simulator reads from the environment. It needs neither Postgres nor NATS. */
export const config = defineConfig(
  serviceConfig.omit({ DATABASE_URL: true, NATS_URL: true }).extend({
    SIM_HOST: z.string().default('127.0.0.1').describe('address of the SMPP and the HTTP port'),
    SIM_PORT: port().default(0).describe('SMPP port; 0 takes any free one'),
    SIM_HTTP_PORT: port().default(0).describe('port of /messages and /stats; 0 takes any free one'),
    SIM_BEHAVIOUR: z
      .enum(behaviourNames, { error: `must be one of ${behaviourNames.join(', ')}` })
      .default('normal')
      .describe('how it treats what it is sent'),
    SIM_BY_NUMBER: bool().default(false).describe('the last two digits of a destination choose the behaviour (90 to 96, see the README)'),
    SIM_SYSTEM_ID: z
      .string()
      .max(15, 'must have at most 15 characters')
      .optional()
      .describe('only this system id may bind; unset lets anybody'),
    SIM_PASSWORD: secret().max(8, 'must have at most 8 characters').optional().describe('only with this password; unset takes any'),
    SIM_RECEIPT_DELAY_MS: durationMs().default(defaults.receiptDelayMs).describe('from taking a message to its receipt'),
    SIM_SLOW_MS: durationMs().default(defaults.slowMs).describe('how long slow thinks before it answers'),
    SIM_THROTTLE_PER_SECOND: integer({ min: 0, max: 1_000_000 })
      .default(defaults.throttlePerSecond)
      .describe('segments that throttling takes in a second'),
    SIM_REJECT_STATUS: integer({ min: 1, max: 0xffff })
      .default(defaults.rejectStatus)
      .describe('command_status of rejecting, in decimal; 11 is an invalid destination'),
    SIM_DROP_AFTER: integer({ min: 1, max: 1_000_000 })
      .default(defaults.dropAfter)
      .describe('the submit_sm of a connection at which dropping hangs up'),
    SIM_JOURNAL: z.string().min(1, 'must not be empty').optional().describe('file: what arrived, for npm run checker; appended to'),
    SIM_NAME: z.string().min(1, 'must not be empty').max(255).default('carrier').describe('what the journal calls this provider'),
  }),
);
