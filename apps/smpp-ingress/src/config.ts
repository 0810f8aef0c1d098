import { z } from 'zod';
import { bool, defineConfig, durationMs, integer, list, port, serviceConfig } from '@heliograph/service';

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
    SMPP_CONNECTIONS_MAX: integer({ min: 1, max: 100_000 }).default(5_000).describe('Connections at once; more are closed at once'),
  }),
);
