-- What holds a tenant back, as guards.ts checks it: the operator's settings and the tenant's own, which can only be tighter.
ALTER TABLE "registry"."tenant" ADD COLUMN "guards" JSONB NOT NULL DEFAULT '{}';
