-- Who may connect from where, and how fast.
ALTER TABLE "registry"."credential"
    -- Addresses or networks of either family: the cast refuses what is neither, as it would shut everybody out.
    ADD COLUMN "allow_ips" TEXT[] CHECK ("allow_ips" IS NULL OR "allow_ips"::inet[] IS NOT NULL),
    ADD COLUMN "segments_per_second" DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK ("segments_per_second" >= 0),
    ADD COLUMN "burst_segments" INTEGER NOT NULL DEFAULT 0 CHECK ("burst_segments" >= 0),
    ADD COLUMN "default_alphabet" TEXT NOT NULL DEFAULT 'gsm' CHECK ("default_alphabet" IN ('gsm', 'latin1'));

ALTER TABLE "registry"."tenant"
    ADD COLUMN "segments_per_second" DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK ("segments_per_second" >= 0);
