-- Sums by day, for statements; low-balance notices.

-- What a day (UTC) did to what a tenant can spend (balance and leased): a statement reads these, not the millions of entries behind them.
CREATE TABLE "billing"."day" (
    "tenant" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "topped_up" BIGINT NOT NULL DEFAULT 0,
    "adjusted" BIGINT NOT NULL DEFAULT 0,
    "charged" BIGINT NOT NULL DEFAULT 0,
    "refunded" BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT "day_pkey" PRIMARY KEY ("tenant", "day")
) WITH (fillfactor = 50);

CREATE FUNCTION "billing"."sum_day"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing.day AS d (tenant, day, topped_up, adjusted, charged, refunded)
    SELECT tenant, (at AT TIME ZONE 'UTC')::date,
           coalesce(sum(micro_credits) FILTER (WHERE kind = 'top_up'), 0),
           coalesce(sum(CASE credit WHEN 'funding' THEN -micro_credits ELSE micro_credits END) FILTER (WHERE kind = 'adjustment'), 0),
           coalesce(sum(micro_credits) FILTER (WHERE kind = 'charge'), 0),
           coalesce(sum(micro_credits) FILTER (WHERE kind = 'refund'), 0)
      FROM entered
     WHERE kind NOT IN ('lease_out', 'lease_in')
     GROUP BY 1, 2
    ON CONFLICT (tenant, day) DO UPDATE
       SET topped_up = d.topped_up + excluded.topped_up, adjusted = d.adjusted + excluded.adjusted,
           charged = d.charged + excluded.charged, refunded = d.refunded + excluded.refunded;
    RETURN NULL;
END $$;
-- Whoever enters something has locked the account, so the row of the day has no other writer.
CREATE TRIGGER "sum_day" AFTER INSERT ON "billing"."entry" REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION "billing"."sum_day"();

INSERT INTO "billing"."day" ("tenant", "day", "topped_up", "charged", "refunded")
SELECT "tenant", ("at" AT TIME ZONE 'UTC')::date,
       coalesce(sum("micro_credits") FILTER (WHERE "kind" = 'top_up'), 0),
       coalesce(sum("micro_credits") FILTER (WHERE "kind" = 'charge'), 0),
       coalesce(sum("micro_credits") FILTER (WHERE "kind" = 'refund'), 0)
  FROM "billing"."entry" WHERE "kind" NOT IN ('lease_out', 'lease_in') GROUP BY 1, 2;

-- Those that a statement shows one by one.
CREATE INDEX "entry_shown" ON "billing"."entry"("tenant", (("at" AT TIME ZONE 'UTC')::date), "id") WHERE "kind" IN ('top_up', 'adjustment');

-- `low_balance`: the thresholds. `notice_below`: the highest of them that has not been told of since credit was last paid in; none: null.
ALTER TABLE "billing"."account" ADD COLUMN "low_balance" BIGINT[] NOT NULL DEFAULT '{}', ADD COLUMN "notice_below" BIGINT;

-- Notices owed and given: in the transaction whose posting crossed the threshold, sent after it.
CREATE TABLE "billing"."notice" (
    "id" UUID NOT NULL DEFAULT uuidv7(),
    "tenant" TEXT NOT NULL,
    "threshold" BIGINT NOT NULL,
    "spendable" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sent_at" TIMESTAMPTZ(3),
    CONSTRAINT "notice_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "notice_unsent" ON "billing"."notice"("id") WHERE "sent_at" IS NULL;

-- Thresholds between where it was armed and what is left are crossed. Credit paid in arms those that are not above what is left then; a refund arms none,
-- or a tenant at its threshold would hear of it with every message that fails.
CREATE FUNCTION "billing"."note_low_balance"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    spendable BIGINT := NEW.balance + NEW.leased;
BEGIN
    INSERT INTO billing.notice (tenant, threshold, spendable)
    SELECT NEW.tenant, threshold, spendable FROM unnest(NEW.low_balance) AS threshold
     WHERE NEW.low_balance = OLD.low_balance AND threshold <= OLD.notice_below AND threshold > spendable;
    NEW.notice_below := (SELECT max(threshold) FROM unnest(NEW.low_balance) AS threshold WHERE threshold <= spendable);
    RETURN NEW;
END $$;
-- The condition is all that most postings pay for it.
CREATE TRIGGER "note_low_balance" BEFORE UPDATE ON "billing"."account" FOR EACH ROW
  WHEN (NEW."balance" + NEW."leased" < NEW."notice_below" OR NEW."funds" > OLD."funds" OR NEW."low_balance" IS DISTINCT FROM OLD."low_balance")
  EXECUTE FUNCTION "billing"."note_low_balance"();

-- The proof covers the sums by day as well.
CREATE OR REPLACE VIEW "billing"."proof" AS
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
), "by_day" AS (
    SELECT "tenant", sum("topped_up" + "adjusted") AS "funds", sum("charged") AS "charged", sum("refunded") AS "refunded" FROM "billing"."day" GROUP BY "tenant"
)
SELECT a."tenant", a."funds", a."balance", a."leased", a."charged", a."refunded",
       a."funds" = a."balance" + a."leased" + a."charged" - a."refunded"
       AND a."funds" = -coalesce(e."funding", 0)
       AND a."balance" = coalesce(e."balance", 0)
       AND a."leased" = coalesce(e."leased", 0)
       AND a."charged" = coalesce(e."charged", 0)
       AND a."refunded" = -coalesce(e."refunded", 0)
       AND a."leased" = coalesce(o."held", 0)
       AND a."refunded" = coalesce(g."amount", 0)
       AND a."funds" = coalesce(d."funds", 0)
       AND a."charged" = coalesce(d."charged", 0)
       AND a."refunded" = coalesce(d."refunded", 0) AS "holds"
  FROM "billing"."account" a
  LEFT JOIN "entered" e ON e."tenant" = a."tenant"
  LEFT JOIN "out" o ON o."tenant" = a."tenant"
  LEFT JOIN "given_back" g ON g."tenant" = a."tenant"
  LEFT JOIN "by_day" d ON d."tenant" = a."tenant";
