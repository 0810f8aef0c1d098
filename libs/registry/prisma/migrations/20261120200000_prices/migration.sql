-- Prices by prefix or by network, with dates; what connectors cost; which network a number is of; and a log of what changed, so that a service
-- reads no more than that.

ALTER TABLE "registry"."price"
    ADD COLUMN "mcc" TEXT NOT NULL DEFAULT '',
    ADD COLUMN "mnc" TEXT NOT NULL DEFAULT '',
    -- From then on; the beginning of 1970: ever.
    ADD COLUMN "valid_from" TIMESTAMPTZ(3) NOT NULL DEFAULT to_timestamp(0),
    -- Before then; none: for ever.
    ADD COLUMN "valid_until" TIMESTAMPTZ(3),
    ALTER COLUMN "prefix" SET DEFAULT '',
    ADD CONSTRAINT "price_network_check" CHECK (("mcc" ~ '^([0-9]{3})?$') AND ("mnc" ~ '^([0-9]{2,3})?$') AND ("mnc" = '' OR "mcc" <> '') AND ("mcc" = '' OR "prefix" = '')),
    ADD CONSTRAINT "price_valid_check" CHECK ("valid_until" > "valid_from"),
    DROP CONSTRAINT "price_pkey",
    ADD CONSTRAINT "price_pkey" PRIMARY KEY ("plan_id", "prefix", "mcc", "mnc", "valid_from");

-- What a provider takes for a segment.
CREATE TABLE "registry"."buy_price" (
    "connector_id" TEXT NOT NULL,
    "prefix" TEXT NOT NULL DEFAULT '' CHECK ("prefix" ~ '^[0-9]{0,15}$'),
    "mcc" TEXT NOT NULL DEFAULT '',
    "mnc" TEXT NOT NULL DEFAULT '',
    "micro_credits_per_segment" BIGINT NOT NULL CHECK ("micro_credits_per_segment" >= 0),
    "valid_from" TIMESTAMPTZ(3) NOT NULL DEFAULT to_timestamp(0),
    "valid_until" TIMESTAMPTZ(3),
    CONSTRAINT "buy_price_network_check" CHECK (("mcc" ~ '^([0-9]{3})?$') AND ("mnc" ~ '^([0-9]{2,3})?$') AND ("mnc" = '' OR "mcc" <> '') AND ("mcc" = '' OR "prefix" = '')),
    CONSTRAINT "buy_price_valid_check" CHECK ("valid_until" > "valid_from"),
    CONSTRAINT "buy_price_pkey" PRIMARY KEY ("connector_id", "prefix", "mcc", "mnc", "valid_from")
);
ALTER TABLE "registry"."buy_price" ADD CONSTRAINT "buy_price_connector_id_fkey" FOREIGN KEY ("connector_id") REFERENCES "registry"."connector"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The network (ITU-T E.212) of the numbers that begin so.
CREATE TABLE "registry"."number_range" (
    "prefix" TEXT NOT NULL CHECK ("prefix" ~ '^[0-9]{1,15}$'),
    "mcc" TEXT NOT NULL CHECK ("mcc" ~ '^[0-9]{3}$'),
    "mnc" TEXT NOT NULL CHECK ("mnc" ~ '^[0-9]{2,3}$'),
    CONSTRAINT "number_range_pkey" PRIMARY KEY ("prefix")
);

ALTER TABLE "registry"."tenant" ADD COLUMN "refuse_at_loss" BOOLEAN NOT NULL DEFAULT false;

-- Which row was changed, made or removed by which revision, the last time: 100,000 revisions back. A service that is further behind reads everything.
CREATE TABLE "registry"."changed" (
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "revision" BIGINT NOT NULL,
    CONSTRAINT "changed_pkey" PRIMARY KEY ("kind", "key")
);
CREATE INDEX "changed_revision_idx" ON "registry"."changed"("revision");

-- The row of the revision stays locked until its transaction ends: writers come one after the other, and whoever sees a revision sees all before it.
CREATE FUNCTION "registry"."count_truncation"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "registry"."revision" SET "number" = "number" + 100001 WHERE "id" = 1;
    RETURN NULL;
END $$;

CREATE FUNCTION "registry"."note_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_at BIGINT;
BEGIN
    SELECT "number" INTO now_at FROM "registry"."revision" WHERE "id" = 1;
    EXECUTE format(
        'INSERT INTO "registry"."changed" ("kind", "key", "revision") SELECT DISTINCT %L, %I, $1 FROM changed_rows
         ON CONFLICT ("kind", "key") DO UPDATE SET "revision" = EXCLUDED."revision"', TG_TABLE_NAME, TG_ARGV[0]) USING now_at;
    DELETE FROM "registry"."changed" WHERE "revision" <= now_at - 100000;
    RETURN NULL;
END $$;

-- For every table that is part of a snapshot; `key_column`: what its rows are read by.
CREATE FUNCTION "registry"."track_changes"(table_name TEXT, key_column TEXT) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    trigger TEXT[];
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS "revision" ON "registry".%I', table_name);
    EXECUTE format('CREATE TRIGGER "revision" BEFORE INSERT OR UPDATE OR DELETE ON "registry".%I
        FOR EACH STATEMENT EXECUTE FUNCTION "registry"."count_revision"()', table_name);
    EXECUTE format('CREATE TRIGGER "truncation" BEFORE TRUNCATE ON "registry".%I
        FOR EACH STATEMENT EXECUTE FUNCTION "registry"."count_truncation"()', table_name);
    -- a trigger with the rows of its statement is of one event alone
    FOREACH trigger SLICE 1 IN ARRAY ARRAY[['inserted', 'INSERT', 'NEW'], ['changed_from', 'UPDATE', 'OLD'], ['changed_to', 'UPDATE', 'NEW'], ['deleted', 'DELETE', 'OLD']] LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER %s ON "registry".%I REFERENCING %s TABLE AS changed_rows
            FOR EACH STATEMENT EXECUTE FUNCTION "registry"."note_changed"(%L)', trigger[1], trigger[2], table_name, trigger[3], key_column);
    END LOOP;
END $$;
SELECT "registry"."track_changes"(tracked[1], tracked[2])
FROM (VALUES (ARRAY['price_plan', 'id']), (ARRAY['price', 'plan_id']), (ARRAY['buy_price', 'connector_id']), (ARRAY['tenant', 'id']),
    (ARRAY['credential', 'id']), (ARRAY['connector', 'id']), (ARRAY['route', 'id']), (ARRAY['webhook', 'tenant_id']), (ARRAY['number_range', 'prefix'])) AS "all" (tracked);

-- At no time two prices of the same. (An exclusion constraint would need btree_gist, which not every PostgreSQL brings.) Right without more locks, as
-- writers come one after the other and a function of a trigger sees what those before it committed.
CREATE FUNCTION "registry"."refuse_overlap"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    overlapping TEXT;
BEGIN
    EXECUTE format(
        'SELECT "new"."prefix" || "new"."mcc" || "new"."mnc" FROM given_rows AS "new"
         JOIN "registry".%1$I AS "other" USING (%2$I, "prefix", "mcc", "mnc")
         WHERE "other"."valid_from" <> "new"."valid_from"
           AND "other"."valid_from" < coalesce("new"."valid_until", ''infinity'') AND "new"."valid_from" < coalesce("other"."valid_until", ''infinity'')
         LIMIT 1', TG_TABLE_NAME, TG_ARGV[0]) INTO overlapping;
    IF overlapping IS NOT NULL THEN
        RAISE EXCEPTION 'two prices of % are valid at the same time', overlapping USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER "overlap_inserted" AFTER INSERT ON "registry"."price" REFERENCING NEW TABLE AS given_rows FOR EACH STATEMENT EXECUTE FUNCTION "registry"."refuse_overlap"('plan_id');
CREATE TRIGGER "overlap_changed" AFTER UPDATE ON "registry"."price" REFERENCING NEW TABLE AS given_rows FOR EACH STATEMENT EXECUTE FUNCTION "registry"."refuse_overlap"('plan_id');
CREATE TRIGGER "overlap_inserted" AFTER INSERT ON "registry"."buy_price" REFERENCING NEW TABLE AS given_rows FOR EACH STATEMENT EXECUTE FUNCTION "registry"."refuse_overlap"('connector_id');
CREATE TRIGGER "overlap_changed" AFTER UPDATE ON "registry"."buy_price" REFERENCING NEW TABLE AS given_rows FOR EACH STATEMENT EXECUTE FUNCTION "registry"."refuse_overlap"('connector_id');
