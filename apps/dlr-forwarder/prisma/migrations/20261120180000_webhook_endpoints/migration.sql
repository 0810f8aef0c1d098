-- Webhooks by endpoint (a tenant's host), its circuit, every attempt, and replays.
ALTER TABLE "dlr"."webhook_delivery" RENAME COLUMN "host" TO "endpoint";
ALTER TABLE "dlr"."webhook_delivery"
    -- Tries made before it was last asked to be posted again.
    ADD COLUMN "replayed_after" INTEGER NOT NULL DEFAULT 0,
    -- Since when it is to be posted: since it was made, or was last asked to be posted again.
    ADD COLUMN "owed_since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
UPDATE "dlr"."webhook_delivery" SET "endpoint" = "tenant" || ' ' || "endpoint", "owed_since" = "created_at";

-- A tenant's newest come first, of all or of those with one result: rare ones are found among millions of others.
CREATE INDEX "webhook_delivery_tenant_id_idx" ON "dlr"."webhook_delivery"("tenant", "id");
CREATE INDEX "webhook_delivery_tenant_result_id_idx" ON "dlr"."webhook_delivery"("tenant", "result", "id");
CREATE INDEX "webhook_delivery_owed_idx" ON "dlr"."webhook_delivery"("owed_since") WHERE "next_at" IS NOT NULL;

CREATE TABLE "dlr"."webhook_attempt" (
    "delivery_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "attempt" INTEGER NOT NULL,
    "status" INTEGER,
    "error" TEXT NOT NULL DEFAULT '',
    "latency_ms" INTEGER NOT NULL,
    "body_sha256" TEXT NOT NULL DEFAULT '',
    CONSTRAINT "webhook_attempt_pkey" PRIMARY KEY ("delivery_id", "at")
);
-- Rows are written in the order of time and go in it: ranges of pages are enough to find the old ones, at next to no cost for those written.
CREATE INDEX "webhook_attempt_at_idx" ON "dlr"."webhook_attempt" USING brin ("at") WITH (pages_per_range = 32);

CREATE TABLE "dlr"."webhook_endpoint" (
    "endpoint" TEXT NOT NULL,
    "circuit" TEXT NOT NULL DEFAULT 'closed' CHECK ("circuit" IN ('closed', 'open', 'half-open')),
    "since" TIMESTAMPTZ(3),
    "probes" INTEGER NOT NULL DEFAULT 0,
    "probe_at" TIMESTAMPTZ(3),
    "paused_until" TIMESTAMPTZ(3),
    "last_error" TEXT NOT NULL DEFAULT '',
    CONSTRAINT "webhook_endpoint_pkey" PRIMARY KEY ("endpoint"),
    CONSTRAINT "webhook_endpoint_probe" CHECK (("circuit" = 'closed') = ("probe_at" IS NULL))
);
CREATE INDEX "webhook_endpoint_probe_idx" ON "dlr"."webhook_endpoint"("probe_at") WHERE "probe_at" IS NOT NULL;
