-- Who wants no more messages, by what the handset or the tenant said last. No part of a snapshot: services follow it by `change`.
CREATE TABLE "registry"."opt_out" (
    "tenant_id" TEXT NOT NULL,
    -- Digits without a plus sign, or a name in lower case; '*': all senders of the tenant.
    "sender" TEXT NOT NULL CHECK (length("sender") BETWEEN 1 AND 32 AND "sender" !~ '[[:cntrl:]]'),
    "recipient" TEXT NOT NULL CHECK ("recipient" ~ '^[0-9]{1,15}$'),
    "state" TEXT NOT NULL CHECK ("state" IN ('out', 'in')),
    "via" TEXT NOT NULL CHECK ("via" IN ('keyword', 'api')),
    "at" TIMESTAMPTZ(3) NOT NULL,
    -- Grows in the order of the commits.
    "change" BIGINT NOT NULL,
    CONSTRAINT "opt_out_pkey" PRIMARY KEY ("tenant_id", "sender", "recipient")
);
CREATE UNIQUE INDEX "opt_out_change_key" ON "registry"."opt_out"("change");
CREATE INDEX "opt_out_tenant_id_recipient_idx" ON "registry"."opt_out"("tenant_id", "recipient");
ALTER TABLE "registry"."opt_out" ADD CONSTRAINT "opt_out_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "registry"."tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE SEQUENCE "registry"."opt_out_change";

-- Held until the transaction has ended: who sees a change sees all before it. Before the rows are locked, so that nobody waits in a circle.
CREATE FUNCTION "registry"."lock_opt_outs"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('heliograph opt-outs'));
    RETURN NULL;
END $$;

CREATE FUNCTION "registry"."count_opt_out"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW."change" := nextval('"registry"."opt_out_change"');
    RETURN NEW;
END $$;

CREATE TRIGGER "lock" BEFORE INSERT OR UPDATE ON "registry"."opt_out" FOR EACH STATEMENT EXECUTE FUNCTION "registry"."lock_opt_outs"();
CREATE TRIGGER "count" BEFORE INSERT OR UPDATE ON "registry"."opt_out" FOR EACH ROW EXECUTE FUNCTION "registry"."count_opt_out"();

-- What a tenant says to STOP, START and HELP, as inbound-settings.ts checks it.
ALTER TABLE "registry"."tenant" ADD COLUMN "inbound" JSONB NOT NULL DEFAULT '{}';
