-- Handsets' messages, nobody's among them. Events come in any order, so all but the id may be unknown for a moment: `received_at` empty = only that it was handed over
-- is known yet.
CREATE TABLE "message_log"."inbound" (
    "id" UUID NOT NULL,
    "tenant" TEXT,
    "from_addr" TEXT,
    "to_addr" TEXT,
    "text" TEXT,
    "octets" TEXT,
    "udh" TEXT,
    "connector" TEXT,
    "parts" SMALLINT,
    "missing" INTEGER[],
    "late" SMALLINT,
    "received_at" TIMESTAMPTZ(3),
    "route" TEXT,
    "credential" TEXT,
    "keyword" TEXT,
    "opt_out" TEXT,
    "matched_at" TIMESTAMPTZ(3),
    "smpp_at" TIMESTAMPTZ(3),
    "webhook_at" TIMESTAMPTZ(3),
    "written_in" BIGINT NOT NULL DEFAULT 0,
    "n" INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT "inbound_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "inbound_tenant_id_idx" ON "message_log"."inbound"("tenant", "id" DESC);
CREATE INDEX "inbound_tenant_from_addr_id_idx" ON "message_log"."inbound"("tenant", "from_addr", "id" DESC);
-- What tenants pull, in an order in which none is ever missed: as in "report".
CREATE INDEX "inbound_tenant_written_in_n_idx" ON "message_log"."inbound"("tenant", "written_in", "n");
