-- What the API itself remembers between requests. Names are qualified so that `prisma migrate deploy` agrees with the runner.
CREATE SCHEMA IF NOT EXISTS "http_api";

-- Sessions of persons; the columns are those that connect-pg-simple writes. `sid` is the SHA-256 of what the cookie says: who reads this table can take over no session.
CREATE TABLE "http_api"."session" (
    "sid" TEXT NOT NULL,
    "sess" JSONB NOT NULL,
    "expire" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "session_pkey" PRIMARY KEY ("sid")
);

-- Expired ones are deleted by it.
CREATE INDEX "session_expire_idx" ON "http_api"."session"("expire");
