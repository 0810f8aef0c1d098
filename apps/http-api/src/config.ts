import { bool, defineConfig, integer, port, secret, serviceConfig } from '@heliograph/service';
import { z } from 'zod';

/** Comma-separated addresses or networks of either family. */
const networks = () =>
  z
    .string()
    .transform((text) => text.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()])))
    .pipe(
      z.array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], 'must be addresses or networks such as 192.0.2.0/28, comma-separated')),
    );

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
      OPERATOR_KEY_DIGEST: z
        .string()
        .regex(/^[0-9a-f]{64}$/i, 'must be 64 hex digits')
        .optional()
        .describe('SHA-256 in hex of the API key of the first operator, who makes the others; unset: only those in the registry'),
      HTTP_KEY_FAILURES: integer({ min: 1, max: 1_000_000 })
        .default(60)
        .describe('wrong API keys a minute from one network (/24, IPv6 /64) that get 401; more get 429, good ones are let in all the same'),
      SUBMISSIONS_IN_WORK_MAX: integer({ min: 2, max: 1_000_000 })
        .default(20_000)
        .describe('Submissions of this process that are not answered yet; a tenant that has more than its share of them is throttled'),
      WEBHOOK_EGRESS_IPS: networks()
        .default([])
        .describe('where webhooks come from, addresses or networks (CIDR), comma-separated: shown to tenants, for their firewalls'),
      ALLOW_PRIVATE_WEBHOOKS: bool().default(false).describe('accept webhooks by http, and at loopback or private addresses'),
    })
    .refine((given) => (given.HTTP_TLS_CERT_FILE === undefined) === (given.HTTP_TLS_KEY_FILE === undefined), {
      path: ['HTTP_TLS_KEY_FILE'],
      message: 'goes together with HTTP_TLS_CERT_FILE: both or none',
    }),
);
