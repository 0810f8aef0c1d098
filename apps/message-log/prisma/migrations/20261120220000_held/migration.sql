ALTER TABLE "message_log"."message" ADD COLUMN "held" TEXT;
-- What waits for a review, of all tenants or of one, and what was never released: few rows, whatever the size of the table. Not by state: an update of a
-- column that an index looks at could not stay in its page, and every message changes its state.
CREATE INDEX "message_held" ON "message_log"."message" ("id" DESC) WHERE "held" IS NOT NULL;
