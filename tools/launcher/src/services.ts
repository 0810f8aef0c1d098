import { digestApiKey } from '@heliograph/credential';
import { demoCredentials } from './demo.ts';
import type { Options, Profile } from './options.ts';

/** What a service's environment is made of. */
export interface Surroundings {
  options: Options;
  databaseUrl: string;
  natsUrl: string;
  /** 64 hex digits. */
  masterKey: string;
  /** Folder of what Node compiled, for the next start. */
  compileCache: string;
}

export interface ServiceSpec {
  name: string;
  /** Below the project's root. */
  main: string;
  /** Beside what every service gets. */
  env(surroundings: Surroundings): Record<string, string>;
  /** The variable behind each port it reports: a restarted service keeps the ports it had. */
  portEnv: Record<string, string>;
  /** Stopped in this order, equal ones together: first what lets messages in, last what the others ask or are read by. */
  stopRank: number;
}

/** Where the demo provider is when it is the built-in one; started before all others, as the provider's address is seeded. */
export const carrierSimulator: ServiceSpec = {
  name: 'carrier-simulator',
  main: 'tools/carrier-simulator/src/main.ts',
  env: () => ({}),
  portEnv: { smpp: 'SIM_PORT', http: 'SIM_HTTP_PORT', health: 'HEALTH_PORT' },
  stopRank: 4,
};

/** In the order of the flow. */
export const services: ServiceSpec[] = [
  {
    name: 'smpp-ingress',
    main: 'apps/smpp-ingress/src/main.ts',
    env: ({ options }) => ({
      SMPP_PORT: String(options.smppPort),
      SMPP_TLS_PORT: String(options.smppTlsPort),
      SMPP_TLS_DIR: `${options.data}/tls`,
    }),
    portEnv: { smpp: 'SMPP_PORT', smppTls: 'SMPP_TLS_PORT', health: 'HEALTH_PORT' },
    stopRank: 0,
  },
  {
    name: 'http-api',
    main: 'apps/http-api/src/main.ts',
    env: ({ options, masterKey }) => ({
      HTTP_PORT: String(options.httpPort),
      MASTER_KEY: masterKey,
      OPERATOR_KEY_DIGEST: digestApiKey(demoCredentials(masterKey).operatorKey),
    }),
    portEnv: { http: 'HTTP_PORT', health: 'HEALTH_PORT' },
    stopRank: 0,
  },
  { name: 'router', main: 'apps/router/src/main.ts', env: () => ({}), portEnv: { health: 'HEALTH_PORT' }, stopRank: 1 },
  {
    name: 'connector-smpp',
    main: 'apps/connector-smpp/src/main.ts',
    env: ({ masterKey }) => ({ MASTER_KEY: masterKey }),
    portEnv: { health: 'HEALTH_PORT' },
    stopRank: 2,
  },
  {
    name: 'dlr-forwarder',
    main: 'apps/dlr-forwarder/src/main.ts',
    env: ({ masterKey }) => ({ MASTER_KEY: masterKey }),
    portEnv: { health: 'HEALTH_PORT' },
    stopRank: 3,
  },
  { name: 'billing-credits', main: 'apps/billing-credits/src/main.ts', env: () => ({}), portEnv: { health: 'HEALTH_PORT' }, stopRank: 4 },
  { name: 'message-log', main: 'apps/message-log/src/main.ts', env: () => ({}), portEnv: { health: 'HEALTH_PORT' }, stopRank: 4 },
];

/** Defaults that the caller's own environment may change. */
const profileEnv: Record<Profile, Record<string, string>> = {
  demo: { TRACE_SAMPLE_RATIO: '1', ALLOW_PRIVATE_WEBHOOKS: 'true' },
  production: {},
};

/**
 * What starting took is given back, measured in docs/decisions/0016-memory-of-an-idle-stack.md. Else glibc's malloc keeps it: in an arena for each
 * thread, and freed buffers of up to 32 MB once there was one (mallopt(3)).
 */
const mallocEnv = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' };

/** `ports`: what the service reported earlier in this run, by the names of `portEnv`. */
export function serviceEnv(
  spec: ServiceSpec,
  surroundings: Surroundings,
  { base, ports }: { base: NodeJS.ProcessEnv; ports: Record<string, number> },
): NodeJS.ProcessEnv {
  const kept = Object.entries(spec.portEnv).flatMap(([name, variable]) =>
    ports[name] === undefined ? [] : [[variable, String(ports[name])]],
  );
  return {
    HEALTH_PORT: '0',
    LOG_LEVEL: 'info',
    // measured on 2 cores: ready in 2.2 s with it, 3.2 s without; a service that was killed is back sooner, too
    NODE_COMPILE_CACHE: surroundings.compileCache,
    ...mallocEnv,
    ...profileEnv[surroundings.options.profile],
    ...withoutSecrets(base),
    DATABASE_URL: surroundings.databaseUrl,
    NATS_URL: surroundings.natsUrl,
    ...spec.env(surroundings),
    ...Object.fromEntries(kept),
  };
}

/** The key goes to those in whose table row it stands, also when it came from our own environment. */
function withoutSecrets({ MASTER_KEY: _, ...rest }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return rest;
}
