import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { browserWaitMs, launchBrowser } from '../src/browser.ts';

let browser: Browser;
let server: Server;

beforeAll(async () => {
  server = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><p>hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await launchBrowser();
}, browserWaitMs);

afterAll(async () => {
  await browser?.close();
  server.closeAllConnections();
  server.close();
});

test.each(['127.0.0.1', 'localhost'])('a page of %s is laid out, with a font', async (host) => {
  const page = await browser.newPage();
  await page.goto(`http://${host}:${(server.address() as AddressInfo).port}/`);
  const box = await page.locator('p').boundingBox();
  expect(await page.textContent('p')).toBe('hello');
  expect(box?.height).toBeGreaterThan(5);
  await page.close();
});

/** RFC 5737: an address that is nobody's. */
test('another machine is not even asked', async () => {
  const page = await browser.newPage();
  await expect(page.goto('http://192.0.2.1/')).rejects.toThrow('ERR_NAME_NOT_RESOLVED');
  await page.close();
});
