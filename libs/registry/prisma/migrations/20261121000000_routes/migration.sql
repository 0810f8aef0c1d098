-- Routes as a versioned table. A version is the rules whose ranges of versions it lies in, so it takes no more room than what it changed.
CREATE TABLE "registry"."route_version" (
    "version" BIGINT NOT NULL CHECK ("version" >= 1),
    "published_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    -- Id of the credential, or the program.
    "published_by" TEXT NOT NULL,
    "note" TEXT NOT NULL DEFAULT '',
    -- It made the table what it was in that version.
    "rolled_back_to" BIGINT CHECK ("rolled_back_to" < "version"),
    CONSTRAINT "route_version_pkey" PRIMARY KEY ("version")
);

CREATE TABLE "registry"."route_rule" (
    "id" TEXT NOT NULL CHECK ("id" ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    "from_version" BIGINT NOT NULL,
    -- Not of that version any more; none: published now.
    "until_version" BIGINT CHECK ("until_version" > "from_version"),
    "rule" JSONB NOT NULL,
    CONSTRAINT "route_rule_pkey" PRIMARY KEY ("id", "from_version"),
    CONSTRAINT "route_rule_from_version_fkey" FOREIGN KEY ("from_version") REFERENCES "registry"."route_version"("version") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "route_rule_until_version_fkey" FOREIGN KEY ("until_version") REFERENCES "registry"."route_version"("version") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "route_rule_published_key" ON "registry"."route_rule"("id") WHERE "until_version" IS NULL;
-- What a version changed.
CREATE INDEX "route_rule_from_version_idx" ON "registry"."route_rule"("from_version");
CREATE INDEX "route_rule_until_version_idx" ON "registry"."route_rule"("until_version");

-- Changes that are not published yet, to the table as it was in `base_version`; 0: before there was any.
CREATE TABLE "registry"."route_draft" (
    "id" TEXT NOT NULL CHECK ("id" ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    "base_version" BIGINT NOT NULL CHECK ("base_version" >= 0),
    "note" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    CONSTRAINT "route_draft_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "registry"."route_draft_change" (
    "draft_id" TEXT NOT NULL,
    "rule_id" TEXT NOT NULL CHECK ("rule_id" ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    -- None: it takes the rule away.
    "rule" JSONB,
    CONSTRAINT "route_draft_change_pkey" PRIMARY KEY ("draft_id", "rule_id"),
    CONSTRAINT "route_draft_change_draft_id_fkey" FOREIGN KEY ("draft_id") REFERENCES "registry"."route_draft"("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- A route by prefix alone becomes a rule: of those that fit the longest prefix still wins.
INSERT INTO "registry"."route_version" ("version", "published_by", "note")
SELECT 1, 'migration', 'routes by prefix' WHERE EXISTS (SELECT FROM "registry"."route");
INSERT INTO "registry"."route_rule" ("id", "from_version", "rule")
SELECT "id", 1, jsonb_build_object(
    'rank', 1000, 'when', jsonb_build_object('prefixes', jsonb_build_array("prefix")),
    'targets', jsonb_build_array(jsonb_build_object('connectorId', "connector_id", 'weight', 1, 'tier', 0)),
    'choose', 'weight', 'sticky', false, 'qualityMin', 0)
FROM "registry"."route";
DROP TABLE "registry"."route";

SELECT "registry"."track_changes"('route_rule', 'id');

-- Which senders messages may have: of a tenant, and by a connector. Empty: any.
ALTER TABLE "registry"."tenant" ADD COLUMN "senders" TEXT[] NOT NULL DEFAULT '{}';
ALTER TABLE "registry"."connector" ADD COLUMN "senders" TEXT[] NOT NULL DEFAULT '{}';
