-- What an SMPP client knows a message by, where that is not its id. Only messages that have one are in the index, so the others cost nothing.
ALTER TABLE "message_log"."message" ADD COLUMN "receipt_id" TEXT;

CREATE INDEX "message_tenant_receipt_id_idx" ON "message_log"."message"("tenant", "receipt_id") WHERE "receipt_id" IS NOT NULL;
