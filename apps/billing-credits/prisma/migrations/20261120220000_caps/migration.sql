-- Spending caps of a day: what its leases took, held where leases are granted.

-- `day` (UTC): the day that its charges count for, that of its grant. `scope`: the destination caps that it was granted for; it is spent on nothing else.
ALTER TABLE "billing"."lease" ADD COLUMN "day" DATE, ADD COLUMN "scope" TEXT[] NOT NULL DEFAULT '{}';
UPDATE "billing"."lease" SET "day" = ("granted_at" AT TIME ZONE 'UTC')::date;
ALTER TABLE "billing"."lease" ALTER COLUMN "day" SET NOT NULL;

-- What the leases of a day took and did not give back, spent or still out, under each cap: `prefix` empty is the whole. Kept in the statements that grant
-- and give back, under the lock of the account.
CREATE TABLE "billing"."lent" (
    "day" DATE NOT NULL,
    "tenant" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "micro_credits" BIGINT NOT NULL CHECK ("micro_credits" >= 0),
    CONSTRAINT "lent_pkey" PRIMARY KEY ("day", "tenant", "prefix")
) WITH (fillfactor = 50);

INSERT INTO "billing"."lent" ("day", "tenant", "prefix", "micro_credits")
SELECT "day", "tenant", '', sum("granted" - "returned") FROM "billing"."lease"
 WHERE "day" >= (CURRENT_TIMESTAMP AT TIME ZONE 'UTC')::date - 1 GROUP BY 1, 2;
