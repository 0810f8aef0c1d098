-- What the provider takes for the message, as the router knew it; empty: not known. Never shown to tenants.
ALTER TABLE "message_log"."message" ADD COLUMN "buy_micro_credits" BIGINT;
