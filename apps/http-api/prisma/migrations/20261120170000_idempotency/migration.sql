CREATE SCHEMA IF NOT EXISTS "http_api";

-- Requests with an Idempotency-Key: what was promised under each, and the first answer. Written once and changed once, so with room left in each page the second
-- version stays beside the first and no index is touched (heap-only tuples).
CREATE TABLE "http_api"."idempotency" (
    "tenant" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    -- SHA-256 of method, path and body.
    "fingerprint" BYTEA NOT NULL,
    -- The ids of what the request makes hang on it.
    "base" UUID NOT NULL,
    -- The request that is at work on it, until when nobody else may be.
    "holder" UUID NOT NULL,
    "held_until" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    -- JSON. Text: it is given back to the octet. Empty: not answered yet.
    "answer" TEXT,
    CONSTRAINT "idempotency_pkey" PRIMARY KEY ("tenant", "key")
) WITH (fillfactor = 60);

-- What is old is purged.
CREATE INDEX "idempotency_created_at_idx" ON "http_api"."idempotency"("created_at");
