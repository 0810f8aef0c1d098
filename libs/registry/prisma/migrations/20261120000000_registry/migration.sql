-- The control plane. The runner sets search_path; names are qualified so that `prisma migrate deploy` agrees.
CREATE SCHEMA IF NOT EXISTS "registry";

CREATE TABLE "registry"."price_plan" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "refunds" TEXT[],
    CONSTRAINT "price_plan_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "registry"."price" (
    "plan_id" TEXT NOT NULL,
    "prefix" TEXT NOT NULL CHECK ("prefix" ~ '^[0-9]{0,15}$'),
    "micro_credits_per_segment" BIGINT NOT NULL CHECK ("micro_credits_per_segment" >= 0),
    CONSTRAINT "price_pkey" PRIMARY KEY ("plan_id", "prefix")
);

CREATE TABLE "registry"."tenant" (
    "id" TEXT NOT NULL CHECK ("id" ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    "name" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "price_plan_id" TEXT NOT NULL,
    "default_country" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "tenant_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "registry"."credential" (
    "id" TEXT NOT NULL CHECK ("id" ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    "tenant_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL CHECK ("kind" IN ('smpp', 'api_key')),
    "login" TEXT NOT NULL,
    "verifier" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "window" INTEGER NOT NULL DEFAULT 100 CHECK ("window" BETWEEN 1 AND 10000),
    "sessions" INTEGER NOT NULL DEFAULT 10 CHECK ("sessions" BETWEEN 1 AND 10000),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "credential_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "registry"."connector" (
    "id" TEXT NOT NULL CHECK ("id" ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    "kind" TEXT NOT NULL,
    "group_id" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "settings" JSONB NOT NULL,
    "secret" TEXT NOT NULL DEFAULT '',
    CONSTRAINT "connector_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "registry"."route" (
    "id" TEXT NOT NULL,
    "prefix" TEXT NOT NULL CHECK ("prefix" ~ '^[0-9]{0,15}$'),
    "connector_id" TEXT NOT NULL,
    CONSTRAINT "route_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "registry"."webhook" (
    "tenant_id" TEXT NOT NULL,
    "url" TEXT NOT NULL DEFAULT '',
    "secrets" TEXT[],
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    CONSTRAINT "webhook_pkey" PRIMARY KEY ("tenant_id")
);

-- One row, counted up by every change of any table: how a service that missed the broadcast sees that its snapshot is old.
CREATE TABLE "registry"."revision" (
    "id" INTEGER NOT NULL,
    "number" BIGINT NOT NULL,
    CONSTRAINT "revision_pkey" PRIMARY KEY ("id")
);
INSERT INTO "registry"."revision" ("id", "number") VALUES (1, 1);

CREATE UNIQUE INDEX "credential_kind_login_key" ON "registry"."credential"("kind", "login");
CREATE UNIQUE INDEX "route_prefix_key" ON "registry"."route"("prefix");

ALTER TABLE "registry"."tenant" ADD CONSTRAINT "tenant_price_plan_id_fkey" FOREIGN KEY ("price_plan_id") REFERENCES "registry"."price_plan"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "registry"."credential" ADD CONSTRAINT "credential_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "registry"."tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "registry"."route" ADD CONSTRAINT "route_connector_id_fkey" FOREIGN KEY ("connector_id") REFERENCES "registry"."connector"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "registry"."price" ADD CONSTRAINT "price_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "registry"."price_plan"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "registry"."webhook" ADD CONSTRAINT "webhook_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "registry"."tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE FUNCTION "registry"."count_revision"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "registry"."revision" SET "number" = "number" + 1 WHERE "id" = 1;
    RETURN NULL;
END $$;
CREATE TRIGGER "revision" AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "registry"."price_plan" FOR EACH STATEMENT EXECUTE FUNCTION "registry"."count_revision"();
CREATE TRIGGER "revision" AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "registry"."price" FOR EACH STATEMENT EXECUTE FUNCTION "registry"."count_revision"();
CREATE TRIGGER "revision" AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "registry"."tenant" FOR EACH STATEMENT EXECUTE FUNCTION "registry"."count_revision"();
CREATE TRIGGER "revision" AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "registry"."credential" FOR EACH STATEMENT EXECUTE FUNCTION "registry"."count_revision"();
CREATE TRIGGER "revision" AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "registry"."connector" FOR EACH STATEMENT EXECUTE FUNCTION "registry"."count_revision"();
CREATE TRIGGER "revision" AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "registry"."route" FOR EACH STATEMENT EXECUTE FUNCTION "registry"."count_revision"();
CREATE TRIGGER "revision" AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "registry"."webhook" FOR EACH STATEMENT EXECUTE FUNCTION "registry"."count_revision"();
