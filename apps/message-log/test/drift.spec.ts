import { expect, test } from '@jest/globals';
import { driftAfterMigrations } from '@heliograph/testbed';

test('the migrations make what schema.prisma declares', async () => {
  expect(await driftAfterMigrations('message_log')).toEqual([]);
}, 60_000);
