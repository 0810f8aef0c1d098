-- The tenant is part of every look-up, so one index by tenant and id does what two did: ids are UUIDv7, their order is the order of acceptance.
-- What that saves for each message pays for the indexes below. (On a large table the new key takes minutes, and locks it.)
ALTER TABLE "message_log"."message" DROP CONSTRAINT "message_pkey";
ALTER TABLE "message_log"."message" ADD CONSTRAINT "message_pkey" PRIMARY KEY ("tenant", "id");
DROP INDEX "message_log"."message_tenant_id_idx";

-- To find a message by. Neither changes once it is known, so heap-only tuples stay possible.
CREATE INDEX "message_tenant_to_addr_id_idx" ON "message_log"."message"("tenant", "to_addr", "id" DESC);
CREATE INDEX "message_tenant_reference_id_idx" ON "message_log"."message"("tenant", "reference", "id" DESC) WHERE "reference" IS NOT NULL;

-- The rank of the last report that was written to "report": none is written twice, nor one of a lower rank after it.
ALTER TABLE "message_log"."message" ADD COLUMN "reported_rank" SMALLINT NOT NULL DEFAULT 0;
-- What it is ordered by in "report".
ALTER TABLE "message_log"."message" ADD COLUMN "reported_in" BIGINT NOT NULL DEFAULT 0;

-- Reports in the order in which they can be read without missing one: by the transaction that wrote them, and their place in it. A transaction
-- that is lower than all that are under way has been committed, or never will be. A report of a message that has one from a higher transaction
-- (which got its row first, though it began later) comes under that one, behind all that it wrote itself.
CREATE TABLE "message_log"."report" (
    "tenant" TEXT NOT NULL,
    "written_in" BIGINT NOT NULL,
    "n" BIGINT NOT NULL,
    "message_id" UUID NOT NULL,
    "from_addr" TEXT NOT NULL,
    "to_addr" TEXT NOT NULL,
    "segments" SMALLINT NOT NULL,
    "reference" TEXT,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "error_code" TEXT,
    "accepted_at" TIMESTAMPTZ(3) NOT NULL,
    "done_at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "report_pkey" PRIMARY KEY ("tenant", "written_in", "n")
);

-- How many messages are in each state, by the hour of their ids (UTC), kept by the statement that changes them. A row changes several times a
-- second while its hour lasts.
CREATE TABLE "message_log"."tally" (
    "tenant" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "state" TEXT NOT NULL,
    "messages" BIGINT NOT NULL,
    CONSTRAINT "tally_pkey" PRIMARY KEY ("tenant", "hour", "state")
) WITH (fillfactor = 50);

INSERT INTO "message_log"."tally"
SELECT "tenant", date_bin('1 hour', coalesce(uuid_extract_timestamp("id"), "accepted_at"), 'epoch'), "state", count(*)
FROM "message_log"."message"
WHERE "accepted_at" IS NOT NULL
GROUP BY 1, 2, 3;

-- The rows of a page are all written again within one transaction or two: with room for all of them none has to move, which would touch every index.
ALTER TABLE "message_log"."message" SET (fillfactor = 45);
