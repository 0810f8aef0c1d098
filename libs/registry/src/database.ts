import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/client.ts';

export type RegistryDatabase = PrismaClient;

/** A client of the registry's own schema. `connectionsMax`: a snapshot is read now and then, so a service needs one or two. */
export function openRegistry(databaseUrl: string, connectionsMax = 2): RegistryDatabase {
  const adapter = new PrismaPg({ connectionString: databaseUrl, max: connectionsMax }, { schema: 'registry' });
  return new PrismaClient({ adapter });
}
