-- A message may go to another connector when it was not delivered, or nothing was heard of it: which attempt its row is about, all that the router needs to
-- route it once more, until when a receipt makes it go on, and how one that was returned would have ended. `final_at` of a returned one is when it was.
ALTER TABLE "dlr"."sent_message"
    ADD COLUMN "attempt" SMALLINT NOT NULL DEFAULT 1,
    ADD COLUMN "again" TEXT,
    ADD COLUMN "goes_on_until" TIMESTAMPTZ(3),
    ADD COLUMN "ending" TEXT,
    ADD COLUMN "own_timer" BOOLEAN NOT NULL DEFAULT false,
    ADD CONSTRAINT "sent_message_returned" CHECK (("state" = 'returned') = ("ending" IS NOT NULL));
ALTER TABLE "dlr"."sent_segment" ADD COLUMN "attempt" SMALLINT NOT NULL DEFAULT 1;

-- The ids of each attempt, of messages that had more than one.
CREATE TABLE "dlr"."sent_attempt" (
    "message_id" UUID NOT NULL,
    "attempt" SMALLINT NOT NULL,
    "connector_group" TEXT NOT NULL,
    "provider_ids" TEXT[],
    CONSTRAINT "sent_attempt_pkey" PRIMARY KEY ("message_id", "attempt")
);

-- When an attempt without a receipt is looked at: to go on to its next route, or to end as no_report where its connector has a time of its own.
CREATE TABLE "dlr"."receipt_timer" (
    "message_id" UUID NOT NULL,
    "attempt" SMALLINT NOT NULL,
    "kind" TEXT NOT NULL CHECK ("kind" IN ('no_receipt', 'no_report')),
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "receipt_timer_pkey" PRIMARY KEY ("message_id", "attempt", "kind")
);
CREATE INDEX "receipt_timer_due_at_idx" ON "dlr"."receipt_timer"("due_at");
