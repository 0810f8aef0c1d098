-- To add up what the messages of a lease cost. Leases are UUIDv7, and many messages have the same: inserts meet at the index's end, and equal keys are stored once.
CREATE INDEX "message_lease_idx" ON "message_log"."message"("lease") WHERE "lease" <> '';

-- The newest acceptance of what was erased or purged of a tenant: sums over what was accepted later are whole. The empty tenant: of all.
CREATE TABLE "message_log"."erased" (
    "tenant" TEXT NOT NULL,
    "up_to" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "erased_pkey" PRIMARY KEY ("tenant")
);

-- What was erased before there was this table is not known.
INSERT INTO "message_log"."erased" ("tenant", "up_to") SELECT '', CURRENT_TIMESTAMP WHERE EXISTS (SELECT FROM "message_log"."message");
