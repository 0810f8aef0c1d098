-- Parts of handsets' messages (3GPP TS 23.040 §9.2.3.24.1) until they are all there, and for a while after, so that one that is handed over again is known.
CREATE SCHEMA IF NOT EXISTS "inbound";

CREATE TABLE "inbound"."assembly" (
    "id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open' CHECK ("state" IN ('open', 'whole', 'gapped')),
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "done_at" TIMESTAMPTZ(3),
    "done_by" UUID,
    CONSTRAINT "assembly_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "assembly_done_check" CHECK (("state" = 'open') = ("done_at" IS NULL))
);
CREATE INDEX "assembly_key_idx" ON "inbound"."assembly"("key");
-- What the sweep looks for.
CREATE INDEX "assembly_open_idx" ON "inbound"."assembly"("opened_at") WHERE "state" = 'open';
CREATE INDEX "assembly_done_idx" ON "inbound"."assembly"("done_at") WHERE "done_at" IS NOT NULL;

CREATE TABLE "inbound"."part" (
    "assembly_id" UUID NOT NULL,
    "sequence" SMALLINT NOT NULL CHECK ("sequence" BETWEEN 1 AND 255),
    "id" UUID NOT NULL,
    "event" TEXT NOT NULL,
    "late" BOOLEAN NOT NULL DEFAULT false,
    CONSTRAINT "part_pkey" PRIMARY KEY ("assembly_id", "sequence")
);
ALTER TABLE "inbound"."part" ADD CONSTRAINT "part_assembly_id_fkey" FOREIGN KEY ("assembly_id") REFERENCES "inbound"."assembly"("id") ON DELETE CASCADE ON UPDATE CASCADE;
