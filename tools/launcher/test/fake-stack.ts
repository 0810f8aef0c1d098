import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from '../src/launch.ts';
import type { ServiceSpec } from '../src/services.ts';

/** A whole stack of stand-ins around the real servers; its one migration and the journal of its services lie in `folder`. */
export function fakeStack(folder: string): Stack & { journal: string } {
  const journal = join(folder, 'journal');
  mkdirSync(join(folder, 'migrations/20261120000000_kept'), { recursive: true });
  writeFileSync(join(folder, 'migrations/20261120000000_kept/migration.sql'), 'CREATE TABLE launch (id serial);\n');
  const service = (name: string, stopRank: number, portEnv: Record<string, string>): ServiceSpec => ({
    name,
    main: join('test', 'fake-service.ts'),
    env: ({ options }) => ({
      FAKE_NAME: name,
      FAKE_PORTS: Object.entries(portEnv)
        .map((pair) => pair.join('='))
        .join(','),
      FAKE_JOURNAL: journal,
      ...(name === 'ingress' && {
        FAKE_SMPP_PORT: String(options.smppPort),
        FAKE_TLS_PORT: String(options.smppTlsPort),
        FAKE_HTTP_PORT: String(options.httpPort),
      }),
    }),
    portEnv,
    stopRank,
  });
  return {
    root: join(import.meta.dirname, '..'),
    owners: [{ schema: 'kept', migrations: join(folder, 'migrations') }],
    services: [
      service('ingress', 0, { smpp: 'FAKE_SMPP_PORT', smppTls: 'FAKE_TLS_PORT', http: 'FAKE_HTTP_PORT', health: 'HEALTH_PORT' }),
      service('middle', 1, { health: 'HEALTH_PORT' }),
      service('last', 2, { health: 'HEALTH_PORT' }),
    ],
    carrierSimulator: service('carrier', 3, { smpp: 'CARRIER_PORT', health: 'HEALTH_PORT' }),
    seeds: { beforeServices: async () => {}, afterServices: async () => {} },
    journal,
  };
}
