import { bool, defineConfig, integer, port, secret, serviceConfig } from '@heliograph/service';
import { z } from 'zod';

export const config = defineConfig(
  serviceConfig
    .extend({
      HTTP_HOST: z.string().default('127.0.0.1').describe('address the API listens on'),
      HTTP_PORT: port().default(8080).describe('port of the API; 0 takes any free one'),
      MASTER_KEY: secret()
        .regex(/^[0-9a-f]{64}$/i, 'must be 64 hex digits')
        .describe("seals and opens the tenants' webhook secrets: 32 octets in hex"),
      HTTP_TLS_CERT_FILE: z.string().optional().describe('PEM file with the certificate chain; with the key it makes the API https'),
      HTTP_TLS_KEY_FILE: z.string().optional().describe('PEM file with the private key'),
      HTTP_BODY_OCTETS_MAX: integer({ min: 1024, max: 64 * 1024 * 1024 })
        .default(1024 * 1024)
        .describe('largest request body'),
      ALLOW_PRIVATE_WEBHOOKS: bool().default(false).describe('accept webhooks by http, and at loopback or private addresses'),
    })
    .refine((given) => (given.HTTP_TLS_CERT_FILE === undefined) === (given.HTTP_TLS_KEY_FILE === undefined), {
      path: ['HTTP_TLS_KEY_FILE'],
      message: 'goes together with HTTP_TLS_CERT_FILE: both or none',
    }),
);
