-- What the reconciler finds, and how far it has looked.

CREATE TABLE "billing"."difference" (
    "id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL CHECK ("kind" IN ('charge', 'refund', 'proof', 'unended', 'behind')),
    "tenant" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "expected" BIGINT NOT NULL,
    "found" BIGINT NOT NULL,
    "samples" TEXT[] NOT NULL DEFAULT '{}',
    "found_at" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),
    "resolution" TEXT CHECK ("resolution" IN ('agrees', 'unknown')),
    CONSTRAINT "difference_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "difference_resolved" CHECK (("resolved_at" IS NULL) = ("resolution" IS NULL))
);
-- One that is open is said once.
CREATE UNIQUE INDEX "difference_open" ON "billing"."difference"("kind", "tenant", "subject") WHERE "resolved_at" IS NULL;
CREATE INDEX "difference_tenant_id_idx" ON "billing"."difference"("tenant", "id");

-- The last that a look has dealt with, by time and then by id.
CREATE TABLE "billing"."reconciled" (
    "look" TEXT NOT NULL,
    "up_to" TIMESTAMPTZ(3) NOT NULL,
    "up_to_id" TEXT NOT NULL DEFAULT '',
    CONSTRAINT "reconciled_pkey" PRIMARY KEY ("look")
);

-- Which states a tenant's price plan refunds, and since when we know that: what was reported before was refunded by another rule, perhaps.
CREATE TABLE "billing"."refund_rule" (
    "tenant" TEXT NOT NULL,
    "states" TEXT[] NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "refund_rule_pkey" PRIMARY KEY ("tenant")
);

-- In the order in which leases are closed, and charges come late: few rows change in either.
CREATE INDEX "lease_closed" ON "billing"."lease"("closed_at", "id") WHERE "state" = 'closed';
CREATE INDEX "entry_late" ON "billing"."entry"("at", "id") WHERE "kind" = 'charge' AND "debit" = 'balance' AND "lease" IS NOT NULL;
CREATE INDEX "entry_late_of_lease" ON "billing"."entry"("lease") WHERE "kind" = 'charge' AND "debit" = 'balance' AND "lease" IS NOT NULL;

-- The refunds of one tenant, in all for its proof and by the hour: few messages are refunded.
CREATE INDEX "refund_tenant_message_id_idx" ON "billing"."refund"("tenant", "message_id");
