import { describe, expect, it } from '@jest/globals';
import { comesFromOwnPage } from './csrf.ts';

const host = 'sms.example.com:8443';

describe('a request', () => {
  it.each<[string, Parameters<typeof comesFromOwnPage>[0]]>([
    ['of a page of this origin', { 'sec-fetch-site': 'same-origin', origin: `https://${host}` }],
    ['that a person typed', { 'sec-fetch-site': 'none' }],
    [
      'of a page of this origin, over a proxy that rewrites what Origin says',
      { 'sec-fetch-site': 'same-origin', origin: 'https://sms.example.com' },
    ],
    ['of an older browser', { origin: `https://${host}` }],
    ['of no browser', {}],
  ])('%s comes from a page of ours', (_, headers) => {
    expect(comesFromOwnPage({ host, ...headers })).toBe(true);
  });

  it.each<[string, Parameters<typeof comesFromOwnPage>[0]]>([
    ['of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['of another subdomain', { 'sec-fetch-site': 'same-site', origin: 'https://blog.example.com' }],
    ['of another site, whatever Origin says', { 'sec-fetch-site': 'cross-site', origin: `https://${host}` }],
    ['with a word that we do not know', { 'sec-fetch-site': 'same-planet' }],
    ['with two words', { 'sec-fetch-site': ['same-origin', 'cross-site'] }],
    ['of another port, by an older browser', { origin: 'https://sms.example.com' }],
    ['of a sandboxed frame', { origin: 'null' }],
    ['with an Origin that is none', { origin: 'sms.example.com:8443' }],
    ['without Host', { origin: `https://${host}`, host: undefined }],
  ])('%s does not', (_, headers) => {
    expect(comesFromOwnPage({ host, ...headers })).toBe(false);
  });
});
