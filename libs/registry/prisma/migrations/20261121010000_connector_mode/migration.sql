-- What an operator wants of a connector just now, apart from how it is set up: paused sends nothing and keeps its links, draining gets nothing new.
ALTER TABLE "registry"."connector" ADD COLUMN "mode" TEXT NOT NULL DEFAULT 'running' CHECK ("mode" IN ('running', 'draining', 'paused'));
