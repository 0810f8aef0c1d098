-- Receipts to come, and reports to post. The runner sets search_path; names are qualified so that `prisma migrate deploy` agrees.
CREATE SCHEMA IF NOT EXISTS "dlr";

-- Rows are written once and changed once, when the message ends: room on the page keeps that change out of the indexes (HOT).
CREATE TABLE "dlr"."sent_message" (
    "message_id" UUID NOT NULL,
    "head" TEXT NOT NULL,
    "connector_group" TEXT NOT NULL,
    "provider_ids" TEXT[],
    "state" TEXT NOT NULL DEFAULT 'sent',
    "reason" TEXT NOT NULL DEFAULT '',
    "error_code" TEXT NOT NULL DEFAULT '',
    "sent_at" TIMESTAMPTZ(3) NOT NULL,
    "final_at" TIMESTAMPTZ(3),
    CONSTRAINT "sent_message_pkey" PRIMARY KEY ("message_id"),
    CONSTRAINT "sent_message_final" CHECK (("state" = 'sent') = ("final_at" IS NULL))
) WITH (fillfactor = 45);

CREATE TABLE "dlr"."sent_segment" (
    "connector_group" TEXT NOT NULL,
    "provider_id" TEXT NOT NULL,
    "message_id" UUID,
    "segments" INTEGER,
    "state" TEXT,
    "error_code" TEXT NOT NULL DEFAULT '',
    "state_at" TIMESTAMPTZ(3),
    "early_at" TIMESTAMPTZ(3),
    CONSTRAINT "sent_segment_pkey" PRIMARY KEY ("connector_group", "provider_id")
) WITH (fillfactor = 50);

CREATE TABLE "dlr"."webhook_delivery" (
    "id" UUID NOT NULL,
    "message_id" UUID NOT NULL,
    "tenant" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3),
    "last_status" INTEGER,
    "last_error" TEXT NOT NULL DEFAULT '',
    "result" TEXT NOT NULL DEFAULT 'pending',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "done_at" TIMESTAMPTZ(3),
    CONSTRAINT "webhook_delivery_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "webhook_delivery_done" CHECK (("next_at" IS NULL) = ("done_at" IS NOT NULL))
);

CREATE TABLE "dlr"."gone_endpoint" (
    "tenant" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "webhook_version" TEXT NOT NULL,
    "gone_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "gone_endpoint_pkey" PRIMARY KEY ("tenant", "url")
);

CREATE INDEX "sent_message_sent_at_idx" ON "dlr"."sent_message"("sent_at");
-- Receipts that came early and still wait: few, so the index is too.
CREATE INDEX "sent_segment_early_idx" ON "dlr"."sent_segment"("early_at") WHERE "message_id" IS NULL;
CREATE UNIQUE INDEX "webhook_delivery_message_id_state_key" ON "dlr"."webhook_delivery"("message_id", "state");
CREATE INDEX "webhook_delivery_due_idx" ON "dlr"."webhook_delivery"("host", "next_at") WHERE "next_at" IS NOT NULL;
CREATE INDEX "webhook_delivery_done_idx" ON "dlr"."webhook_delivery"("done_at") WHERE "done_at" IS NOT NULL;
