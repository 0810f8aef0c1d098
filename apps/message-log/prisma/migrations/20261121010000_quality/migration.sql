-- How the messages of each connector ended, by five minutes (UTC) of their ends, kept by the statement that changes their states. Kept for a day. A row
-- changes several times a second while its time lasts.
CREATE TABLE "message_log"."quality" (
    "slot" TIMESTAMPTZ(3) NOT NULL,
    "connector" TEXT NOT NULL,
    "ended" BIGINT NOT NULL,
    "delivered" BIGINT NOT NULL,
    CONSTRAINT "quality_pkey" PRIMARY KEY ("slot", "connector")
) WITH (fillfactor = 50);
