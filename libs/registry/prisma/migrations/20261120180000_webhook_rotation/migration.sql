-- Until when each secret after the first signs too, in order. One that is there already without such a time signs for a day more.
ALTER TABLE "registry"."webhook" ADD COLUMN "old_until" TIMESTAMPTZ(3)[];
UPDATE "registry"."webhook" SET "old_until" = array_fill(now() + interval '1 day', ARRAY[cardinality("secrets") - 1]) WHERE cardinality("secrets") > 1;
