import { readNetworks } from '@heliograph/credential';
import { bool, defineConfig, durationMs, integer, list, port, serviceConfig } from '@heliograph/service';
import { z } from 'zod';

export const config = defineConfig(
  serviceConfig.extend({
    SMPP_HOSTS: list()
      .default(['127.0.0.1', '::1'])
      .describe('Addresses the plain listener binds to; loopback by default, as SMPP passwords travel in clear'),
    SMPP_PORT: port().default(2775).describe('Port of the plain listener; 0 = any free'),
    SMPP_PLAIN: bool().default(true).describe('Whether to listen without TLS at all'),
    SMPP_TLS_HOSTS: list().default(['127.0.0.1', '::1']).describe('Addresses the TLS listener binds to'),
    SMPP_TLS_PORT: port().default(2776).describe('Port of the TLS listener; 0 = any free'),
    SMPP_TLS_DIR: z
      .string()
      .min(1)
      .default('.data/tls')
      .describe('Folder of smpp-cert.pem and smpp-key.pem; a self-signed pair is made when they are missing'),
    SMPP_SYSTEM_ID: z.string().min(1).default('heliograph').describe('system_id in bind_resp (SMPP 3.4 §4.1.2), at most 15 characters'),
    SMPP_SESSION_INIT: durationMs().default(10_000).describe('Time for the bind after the connection (session_init_timer, SMPP 3.4 §7.2)'),
    SMPP_ENQUIRE_LINK: durationMs()
      .default(30_000)
      .describe('Idle time after which the peer is asked whether it lives (enquire_link_timer)'),
    SMPP_INACTIVITY: durationMs().default(3_600_000).describe('Time without any request after which a session ends (inactivity_timer)'),
    SMPP_RESPONSE: durationMs().default(30_000).describe('Time for the answer to a request of ours (response_timer)'),
    SMPP_SUBMIT_WINDOW: integer({ min: 1, max: 10_000 })
      .default(500)
      .describe('Requests of one session in work at once; then reading from it stops'),
    SMPP_DELIVER_WINDOW: integer({ min: 1, max: 1_000 }).default(50).describe('deliver_sm to one session without an answer'),
    SMPP_NO_CREDIT_STATUS: integer({ min: 1, max: 0x7fffffff })
      .default(0x45)
      .describe('command_status for a message the balance does not cover; 69 = ESME_RSUBMITFAIL'),
    SMPP_TLS_CLIENT_CA_FILE: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file of authorities: the TLS listener then lets in only clients with a certificate of theirs'),
    SMPP_PROXY_NETWORKS: list()
      .default([])
      .refine((entries) => readNetworks(entries).unreadable.length === 0, {
        message: 'must be addresses or networks such as 10.0.0.0/8, fd00::/8',
      })
      .describe('Load balancers: addresses and networks whose connections all begin with a PROXY header (version 1 or 2); empty = nobody'),
    SMPP_BIND_FAILURES: integer({ min: 1, max: 1_000_000 })
      .default(10)
      .describe('Failed binds of one system id from one network (/24, IPv6 /64) after which it is locked out'),
    SMPP_BIND_FAILURES_WITHIN: durationMs().default(300_000).describe('Time within which they count'),
    SMPP_BIND_LOCKED: durationMs().default(300_000).describe('How long such a network is locked out for that system id'),
    SUBMISSIONS_IN_WORK_MAX: integer({ min: 2, max: 1_000_000 })
      .default(20_000)
      .describe('Submissions of this process that are not answered yet; a tenant that has more than its share of them is throttled'),
    SMPP_CONNECTIONS_MAX: integer({ min: 1, max: 100_000 }).default(5_000).describe('Connections at once; more are closed at once'),
  }),
);
