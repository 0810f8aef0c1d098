import { defineConfig } from 'prisma/config';

// Each owner keeps its migrations' history in its own Postgres schema.
const url = new URL(process.env.DATABASE_URL ?? 'postgresql://localhost/heliograph');
url.searchParams.set('schema', 'inbound');

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: url.href },
});
