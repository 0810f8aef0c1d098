-- Whether a client is owed the notification that its message is on its way: none, due or given. Messages sent before this column are owed none.
ALTER TABLE "dlr"."sent_message" ADD COLUMN "intermediate" TEXT NOT NULL DEFAULT 'none';
