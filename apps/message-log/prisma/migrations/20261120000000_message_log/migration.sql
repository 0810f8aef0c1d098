-- The history of messages. Names are qualified so that `prisma migrate deploy` agrees with the runner.
CREATE SCHEMA IF NOT EXISTS "message_log";

-- A message is written about three times within seconds (on its way, reported, report delivered). No indexed column changes, so with room
-- left in each page the new version stays beside the old one and no index is touched (heap-only tuples).
CREATE TABLE "message_log"."message" (
    "id" UUID NOT NULL,
    "tenant" TEXT NOT NULL,
    "credential" TEXT,
    "door" TEXT,
    "from_addr" TEXT,
    "from_ton" SMALLINT,
    "from_npi" SMALLINT,
    "to_addr" TEXT,
    "class" TEXT,
    "segments" SMALLINT,
    "micro_credits" BIGINT,
    "lease" TEXT,
    "reference" TEXT,
    "accepted_at" TIMESTAMPTZ(3),
    "valid_until" TIMESTAMPTZ(3),
    "text" TEXT,
    "octets" TEXT,
    "udh" TEXT,
    "flash" BOOLEAN,
    "state" TEXT NOT NULL,
    "state_rank" SMALLINT NOT NULL,
    "state_at" TIMESTAMPTZ(3) NOT NULL,
    "reason" TEXT NOT NULL DEFAULT '',
    "error_code" TEXT NOT NULL DEFAULT '',
    "connector" TEXT,
    "routed_at" TIMESTAMPTZ(3),
    "sent_at" TIMESTAMPTZ(3),
    "provider_ids" TEXT[],
    "hops" JSONB NOT NULL,
    CONSTRAINT "message_pkey" PRIMARY KEY ("id")
) WITH (fillfactor = 60);

-- Ids are UUIDv7: their order is the order of acceptance.
CREATE INDEX "message_tenant_id_idx" ON "message_log"."message"("tenant", "id" DESC);
