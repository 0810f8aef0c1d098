import { expect, it } from '@jest/globals';
import { isWebhookUrl } from './url.ts';

it.each([
  ['an https URL', 'https://example.com/reports?a=b', true, true],
  ['http', 'http://example.com/', false, true],
  ['a loopback address', 'https://127.0.0.1/', false, true],
  ['a loopback address written as a number', 'https://2130706433/', false, true],
  ['a loopback address in octal', 'https://0177.0.0.1/', false, true],
  ['a loopback address in hex', 'https://0x7f.1/', false, true],
  ['a loopback address with a dot behind', 'https://127.0.0.1./', false, true],
  ["the clouds' metadata service", 'https://169.254.169.254/latest/meta-data/', false, true],
  ["a cloud's metadata service, IPv6", 'https://[fd00:ec2::254]/', false, true],
  ['a name that stands for this machine', 'https://api.localhost/', false, true],
  ['a public address, IPv6', 'https://[2606:4700::1111]/', true, true],
  ['a loopback address inside IPv6', 'https://[::ffff:127.0.0.1]/', false, true],
  ['a name of this network', 'https://printer.local/', false, true],
  ['another protocol', 'ftp://example.com/', false, false],
  ['no URL', 'example.com', false, false],
  ['a NUL, which Postgres cannot keep', 'https://example.com/\0', false, false],
  ['a line break, which a URL parser drops', 'https://example.com/\nx', false, false],
  ['half of a surrogate pair', 'https://example.com/\ud83d', false, false],
])('%s as a webhook', (_, url, publicly, privately) => {
  expect([isWebhookUrl(url, false), isWebhookUrl(url, true)]).toEqual([publicly, privately]);
});
