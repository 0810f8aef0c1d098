import { expect, test } from '@jest/globals';
import { driftAfterMigrations } from '@heliograph/testbed';

test('the migrations make what schema.prisma declares', async () => {
  expect(await driftAfterMigrations('inbound')).toEqual([]);
}, 60_000);
