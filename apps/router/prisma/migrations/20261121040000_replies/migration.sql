-- Which messages of handsets have been answered by the tenant's settings: noted before the answer is submitted, so that it is submitted once.
CREATE TABLE "inbound"."reply" (
    "inbound_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "reply_pkey" PRIMARY KEY ("inbound_id")
);
CREATE INDEX "reply_at_idx" ON "inbound"."reply"("at");
