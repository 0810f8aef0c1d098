import { expect, test } from '@jest/globals';
import { summaryJson, summaryText } from './banner.ts';

const summary = {
  smpp: { host: '127.0.0.1', port: 2775, tlsPort: 2776, systemId: 'demo', password: 'secret12' },
  http: { url: 'http://127.0.0.1:8080', apiKey: 'abc', operatorKey: 'def' },
  carrierUrl: 'http://127.0.0.1:40001',
  data: '/data',
  processes: { postgres: 7, router: 9 },
};

test('for scripts it is one line of JSON, to the letter', () => {
  expect(summaryJson(summary)).toBe(
    '{"ready":true,"smpp":{"host":"127.0.0.1","port":2775,"tlsPort":2776,"systemId":"demo","password":"secret12"},"http":{"url":"http://127.0.0.1:8080","apiKey":"abc","operatorKey":"def"},"data":"/data","processes":{"postgres":7,"router":9}}\n',
  );
});

test('for people it tells all that one needs to try it', () => {
  const text = summaryText(summary);
  for (const fact of [
    '127.0.0.1:2775',
    '127.0.0.1:2776',
    'demo',
    'secret12',
    'operator    def',
    "curl http://127.0.0.1:8080/v1/messages -H 'Authorization: Bearer abc'",
    '/v1/messages/<id>/trace',
    '/docs',
    'http://127.0.0.1:40001/messages',
    'Ctrl-C',
  ]) {
    expect(text).toContain(fact);
  }
});

test("with a carrier of one's own nothing is said of the built-in one", () => {
  expect(summaryText({ ...summary, carrierUrl: undefined })).not.toContain('carrier');
});
