-- When a message is to be sent that does not go at once.
ALTER TABLE "message_log"."message" ADD COLUMN "send_at" TIMESTAMPTZ(3);
