-- Whose the messages of handsets are, by the number they were sent to and perhaps by their first word.
CREATE TABLE "registry"."inbound_route" (
    "id" TEXT NOT NULL,
    -- A number's digits without the plus sign, a short code, or a name in lower case.
    "address" TEXT NOT NULL,
    "match" TEXT NOT NULL CHECK ("match" IN ('exact', 'prefix')),
    -- The first word of the text, in lower case. Empty: any.
    "keyword" TEXT NOT NULL DEFAULT '',
    "tenant_id" TEXT NOT NULL,
    -- Gets them by SMPP.
    "credential_id" TEXT,
    CONSTRAINT "inbound_route_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "inbound_route_address_check" CHECK (("match" = 'exact' AND "address" <> '') OR ("match" = 'prefix' AND "address" ~ '^[0-9]{0,15}$'))
);
CREATE UNIQUE INDEX "inbound_route_address_match_keyword_key" ON "registry"."inbound_route"("address", "match", "keyword");
CREATE INDEX "inbound_route_tenant_id_idx" ON "registry"."inbound_route"("tenant_id");
CREATE INDEX "inbound_route_credential_id_idx" ON "registry"."inbound_route"("credential_id");
ALTER TABLE "registry"."inbound_route" ADD CONSTRAINT "inbound_route_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "registry"."tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
-- When a credential is deleted, the messages are the tenant's still.
ALTER TABLE "registry"."inbound_route" ADD CONSTRAINT "inbound_route_credential_id_fkey" FOREIGN KEY ("credential_id") REFERENCES "registry"."credential"("id") ON DELETE SET NULL ON UPDATE CASCADE;

SELECT "registry"."track_changes"('inbound_route', 'id');
