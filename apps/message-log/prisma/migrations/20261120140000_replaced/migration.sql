-- When the content was accepted that is to be sent: a message that waits for its time may be given another one. The newest wins.
ALTER TABLE "message_log"."message" ADD COLUMN "content_at" TIMESTAMPTZ(3);
