import { expect, it } from '@jest/globals';
import { parseConfig } from '@heliograph/service';
import { config } from './config.ts';
import { ingressName } from './start.ts';
import { isSubjectToken } from '@heliograph/message';

const needed = { DATABASE_URL: 'postgres://u:p@127.0.0.1/db', NATS_URL: 'nats://127.0.0.1', MASTER_KEY: '0f'.repeat(32) };

it('a broken environment is told of with every error at once', () => {
  const parsed = parseConfig(config, { HTTP_PORT: '99999', HTTP_BODY_OCTETS_MAX: '5', ALLOW_PRIVATE_WEBHOOKS: 'maybe' });
  const names = parsed.ok ? [] : parsed.errors.map((line) => line.split(':')[0]);
  expect(names.sort()).toEqual(['ALLOW_PRIVATE_WEBHOOKS', 'DATABASE_URL', 'HTTP_BODY_OCTETS_MAX', 'HTTP_PORT', 'MASTER_KEY', 'NATS_URL']);
});

it('a certificate without its key is refused', () => {
  const parsed = parseConfig(config, { ...needed, HTTP_TLS_CERT_FILE: 'cert.pem' });
  expect(parsed.ok ? [] : parsed.errors).toEqual([expect.stringMatching(/^HTTP_TLS_KEY_FILE: /)]);
  expect(parseConfig(config, needed).ok).toBe(true);
});

it('a master key that is none is refused, and not shown', () => {
  const parsed = parseConfig(config, { ...needed, MASTER_KEY: 'f00d' });
  expect(parsed.ok ? [] : parsed.errors).toEqual(['MASTER_KEY: must be 64 hex digits']);
});

it.each(['host.example.com-4711', 'Ingress_1', '_', 'x'.repeat(200)])('the instance %s gets a name that fits a subject', (instance) => {
  expect(isSubjectToken(ingressName(instance))).toBe(true);
});

it.each<[string, readonly string[] | 'refused']>([
  ['', []],
  ['192.0.2.1, 192.0.2.16/28,2001:db8::/64', ['192.0.2.1', '192.0.2.16/28', '2001:db8::/64']],
  ['192.0.2.1/33', 'refused'],
  ['sms.example.com', 'refused'],
])('WEBHOOK_EGRESS_IPS=%s is read as %j', (text, networks) => {
  const parsed = parseConfig(config, { ...needed, WEBHOOK_EGRESS_IPS: text });
  expect(parsed.ok ? parsed.config.WEBHOOK_EGRESS_IPS : 'refused').toEqual(networks);
});
