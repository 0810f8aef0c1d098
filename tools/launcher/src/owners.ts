/** Who owns data in Postgres: its schema, and its migrations below the project's root. Nobody reads another's tables. */
export interface DataOwner {
  schema: string;
  migrations: string;
}

/** The registry first: its tables are what the demo seed writes. */
export const dataOwners: DataOwner[] = [
  { schema: 'registry', migrations: 'libs/registry/prisma/migrations' },
  { schema: 'billing', migrations: 'apps/billing-credits/prisma/migrations' },
  { schema: 'message_log', migrations: 'apps/message-log/prisma/migrations' },
  { schema: 'dlr', migrations: 'apps/dlr-forwarder/prisma/migrations' },
  { schema: 'inbound', migrations: 'apps/router/prisma/migrations' },
  { schema: 'http_api', migrations: 'apps/http-api/prisma/migrations' },
];
