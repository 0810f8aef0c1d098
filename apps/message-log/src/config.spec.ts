import { expect, it } from '@jest/globals';
import { parseConfig } from '@heliograph/service';
import { config } from './config.ts';

it('a broken environment is told of with every error at once', () => {
  const parsed = parseConfig(config, { GATHER_MS: 'soon', TRIM_EVERY_MS: '-1' });
  const names = parsed.ok ? [] : parsed.errors.map((line) => line.split(':')[0]);
  expect(names.sort()).toEqual(['DATABASE_URL', 'GATHER_MS', 'NATS_URL', 'TRIM_EVERY_MS']);
});
