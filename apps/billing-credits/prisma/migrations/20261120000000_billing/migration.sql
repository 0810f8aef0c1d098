-- The money. The runner sets search_path; names are qualified so that `prisma migrate deploy` agrees. Amounts are micro-credits.
CREATE SCHEMA IF NOT EXISTS "billing";

-- HOT updates: every posting changes this row and no index.
CREATE TABLE "billing"."account" (
    "tenant" TEXT NOT NULL,
    "funds" BIGINT NOT NULL DEFAULT 0,
    "balance" BIGINT NOT NULL DEFAULT 0,
    "leased" BIGINT NOT NULL DEFAULT 0 CHECK ("leased" >= 0),
    "charged" BIGINT NOT NULL DEFAULT 0 CHECK ("charged" >= 0),
    "refunded" BIGINT NOT NULL DEFAULT 0 CHECK ("refunded" >= 0),
    "credit_limit" BIGINT NOT NULL DEFAULT 0 CHECK ("credit_limit" >= 0),
    "overdrawn" BIGINT NOT NULL DEFAULT 0 CHECK ("overdrawn" >= 0),
    CONSTRAINT "account_pkey" PRIMARY KEY ("tenant"),
    CONSTRAINT "account_identity" CHECK ("funds" = "balance" + "leased" + "charged" - "refunded"),
    CONSTRAINT "account_limit" CHECK ("balance" >= -"credit_limit" - "overdrawn")
) WITH (fillfactor = 70);

CREATE TABLE "billing"."entry" (
    "id" BIGSERIAL NOT NULL,
    "tenant" TEXT NOT NULL,
    "kind" TEXT NOT NULL CHECK ("kind" IN ('top_up', 'adjustment', 'lease_out', 'lease_in', 'charge', 'refund')),
    "debit" TEXT NOT NULL CHECK ("debit" IN ('funding', 'balance', 'leased', 'charged', 'refunded')),
    "credit" TEXT NOT NULL CHECK ("credit" IN ('funding', 'balance', 'leased', 'charged', 'refunded')),
    "micro_credits" BIGINT NOT NULL CHECK ("micro_credits" > 0),
    "lease" UUID,
    "up_to_seq" BIGINT,
    "key" TEXT,
    "note" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "entry_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "entry_two_accounts" CHECK ("debit" <> "credit")
);
CREATE UNIQUE INDEX "entry_tenant_key_key" ON "billing"."entry"("tenant", "key");
CREATE INDEX "entry_tenant_id_idx" ON "billing"."entry"("tenant", "id");

CREATE FUNCTION "billing"."refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entries are never changed: enter an adjustment' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "billing"."entry" FOR EACH STATEMENT EXECUTE FUNCTION "billing"."refuse_change"();

CREATE TABLE "billing"."lease" (
    "id" UUID NOT NULL,
    "tenant" TEXT NOT NULL,
    "ingress" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'active' CHECK ("state" IN ('active', 'returned', 'expired', 'closed')),
    "granted" BIGINT NOT NULL CHECK ("granted" > 0),
    "posted" BIGINT NOT NULL DEFAULT 0 CHECK ("posted" >= 0),
    "returned" BIGINT NOT NULL DEFAULT 0 CHECK ("returned" >= 0),
    "held" BIGINT NOT NULL CHECK ("held" >= 0),
    "spent" BIGINT,
    "granted_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "recalled_at" TIMESTAMPTZ(3),
    "closed_at" TIMESTAMPTZ(3),
    CONSTRAINT "lease_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "lease_tenant_fkey" FOREIGN KEY ("tenant") REFERENCES "billing"."account"("tenant") ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT "lease_sum" CHECK ("granted" = "posted" + "returned" + "held"),
    CONSTRAINT "lease_closed_is_empty" CHECK (("state" = 'closed') = ("held" = 0))
) WITH (fillfactor = 70);
CREATE INDEX "lease_tenant_expires_at_idx" ON "billing"."lease"("tenant", "expires_at");
-- What the sweeper and a grant look at: few rows, whatever the number of leases there ever were.
CREATE INDEX "lease_open" ON "billing"."lease"("expires_at") WHERE "state" <> 'closed';
CREATE INDEX "lease_open_of_tenant" ON "billing"."lease"("tenant") WHERE "state" <> 'closed';

CREATE TABLE "billing"."refund" (
    "message_id" UUID NOT NULL,
    "tenant" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "micro_credits" BIGINT NOT NULL CHECK ("micro_credits" > 0),
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "refund_pkey" PRIMARY KEY ("message_id")
);

CREATE TABLE "billing"."position" (
    "stage" TEXT NOT NULL,
    "seq" BIGINT NOT NULL CHECK ("seq" >= 0),
    CONSTRAINT "position_pkey" PRIMARY KEY ("stage")
) WITH (fillfactor = 50);
INSERT INTO "billing"."position" ("stage", "seq") VALUES ('charge', 0), ('refund', 0);

-- The proof: what is kept beside what the entries, the leases and the refunds say. `holds` is true for every tenant at every commit.
CREATE VIEW "billing"."proof" AS
WITH "entered" AS (
    SELECT x."tenant",
           sum(leg."amount") FILTER (WHERE leg."account" = 'funding') AS "funding",
           sum(leg."amount") FILTER (WHERE leg."account" = 'balance') AS "balance",
           sum(leg."amount") FILTER (WHERE leg."account" = 'leased') AS "leased",
           sum(leg."amount") FILTER (WHERE leg."account" = 'charged') AS "charged",
           sum(leg."amount") FILTER (WHERE leg."account" = 'refunded') AS "refunded"
      FROM "billing"."entry" x
     CROSS JOIN LATERAL (VALUES (x."debit", -x."micro_credits"), (x."credit", x."micro_credits")) AS leg("account", "amount")
     GROUP BY x."tenant"
), "out" AS (
    SELECT "tenant", sum("held") AS "held" FROM "billing"."lease" GROUP BY "tenant"
), "given_back" AS (
    SELECT "tenant", sum("micro_credits") AS "amount" FROM "billing"."refund" GROUP BY "tenant"
)
SELECT a."tenant", a."funds", a."balance", a."leased", a."charged", a."refunded",
       a."funds" = a."balance" + a."leased" + a."charged" - a."refunded"
       AND a."funds" = -coalesce(e."funding", 0)
       AND a."balance" = coalesce(e."balance", 0)
       AND a."leased" = coalesce(e."leased", 0)
       AND a."charged" = coalesce(e."charged", 0)
       AND a."refunded" = -coalesce(e."refunded", 0)
       AND a."leased" = coalesce(o."held", 0)
       AND a."refunded" = coalesce(g."amount", 0) AS "holds"
  FROM "billing"."account" a
  LEFT JOIN "entered" e ON e."tenant" = a."tenant"
  LEFT JOIN "out" o ON o."tenant" = a."tenant"
  LEFT JOIN "given_back" g ON g."tenant" = a."tenant";
