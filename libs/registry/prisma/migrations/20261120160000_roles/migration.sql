-- Who may do what: roles, scopes, persons and operators; resets with a grace; who changed what.
ALTER TABLE "registry"."credential"
    ALTER COLUMN "tenant_id" DROP NOT NULL,
    DROP CONSTRAINT "credential_kind_check",
    ADD CONSTRAINT "credential_kind_check" CHECK ("kind" IN ('smpp', 'api_key', 'sms_user', 'person')),
    ADD COLUMN "name" TEXT NOT NULL DEFAULT '',
    -- Keys that are there already keep what they could do.
    ADD COLUMN "role" TEXT NOT NULL DEFAULT 'tenant-admin' CHECK ("role" IN ('operator-admin', 'tenant-admin', 'tenant-user', 'device')),
    ADD COLUMN "scopes" TEXT[],
    ADD COLUMN "mode" TEXT NOT NULL DEFAULT 'live' CHECK ("mode" IN ('live', 'test')),
    ADD COLUMN "expires_at" TIMESTAMPTZ(3),
    ADD COLUMN "secret_set_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ADD COLUMN "previous_login" TEXT NOT NULL DEFAULT '',
    ADD COLUMN "previous_verifier" TEXT NOT NULL DEFAULT '',
    ADD COLUMN "previous_until" TIMESTAMPTZ(3),
    ADD COLUMN "address_range" TEXT NOT NULL DEFAULT '',
    -- An operator is of no tenant, everybody else is of one.
    ADD CONSTRAINT "credential_role_tenant_check" CHECK (("role" = 'operator-admin') = ("tenant_id" IS NULL));
ALTER TABLE "registry"."credential" ALTER COLUMN "role" SET DEFAULT 'tenant-user';

ALTER TABLE "registry"."tenant"
    -- Secrets in a URL get into logs of others; only for those who ask for it.
    ADD COLUMN "parameter_secrets" BOOLEAN NOT NULL DEFAULT false;

-- When each credential was used last; no part of a snapshot, so it counts no revision.
CREATE TABLE "registry"."credential_use" (
    "credential_id" TEXT NOT NULL,
    "used_at" TIMESTAMPTZ(3) NOT NULL,
    "address" TEXT NOT NULL,
    CONSTRAINT "credential_use_pkey" PRIMARY KEY ("credential_id")
);
ALTER TABLE "registry"."credential_use" ADD CONSTRAINT "credential_use_credential_id_fkey" FOREIGN KEY ("credential_id") REFERENCES "registry"."credential"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Who changed what, written in the transaction of the change. Append-only; secrets and verifiers are left out of `before` and `after`.
CREATE TABLE "registry"."audit" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "address" TEXT NOT NULL DEFAULT '',
    "request_id" TEXT NOT NULL DEFAULT '',
    -- Of what was changed; empty: the platform's own.
    "tenant_id" TEXT NOT NULL DEFAULT '',
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "before" JSONB,
    "after" JSONB,
    CONSTRAINT "audit_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "audit_tenant_id_id_idx" ON "registry"."audit"("tenant_id", "id" DESC);

CREATE FUNCTION "registry"."refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER "append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "registry"."audit" FOR EACH STATEMENT EXECUTE FUNCTION "registry"."refuse_change"();
