-- When the secret before the last reset was set: sessions that were begun with it know it by that time, as its verifier may be upgraded meanwhile.
ALTER TABLE "registry"."credential" ADD COLUMN "previous_set_at" TIMESTAMPTZ(3);
