/** A service that run.spec.ts starts as a process of its own. FAULT names how it misbehaves. */
import { z } from 'zod';
import { counter, defineConfig, port, runService, secret, serviceConfig } from '../src/index.ts';

const config = defineConfig(
  serviceConfig.omit({ DATABASE_URL: true }).extend({
    SMPP_PORT: port().describe('port of the listener'),
    SIGNING_SECRET: secret().min(8, 'must have at least 8 characters').describe('signs webhooks'),
    FAULT: z.enum(['none', 'start', 'throw', 'reject', 'stuck']).default('none').describe('how this service misbehaves'),
  }),
);

const accepted = counter('fixture_accepted', 'messages accepted');

await runService({
  name: 'fixture',
  config,
  start: async ({ config: { FAULT, SMPP_PORT }, log }) => {
    if (FAULT === 'start') throw new Error('no route to +15551234567');
    if (FAULT === 'throw') setImmediate(() => accepted.with(undefined as never));
    if (FAULT === 'reject') setImmediate(() => void Promise.reject(new Error('password=hunter2')));
    accepted.add(2, { door: 'smpp' });
    log.info({ to: '+15551234567', text: 'your code is 4711', password: 'hunter2' }, 'example');
    const work = setInterval(() => {}, 1000);
    return {
      ports: { smpp: SMPP_PORT },
      checks: { store: () => true },
      stop: async () => {
        if (FAULT === 'stuck') await new Promise(() => {});
        clearInterval(work);
      },
    };
  },
});
