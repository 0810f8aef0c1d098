import { expect, test } from '@jest/globals';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chooseServers, choiceVariable, enginePlaces } from './choose-servers.ts';

test('nothing listens where the engine should be: the embedded servers, within 100 ms', async () => {
  const begunMs = performance.now();
  const choice = await chooseServers({ DOCKER_HOST: 'tcp://127.0.0.1:1' });
  expect(choice).toEqual({ use: 'embedded', why: 'no Docker engine answers' });
  expect(performance.now() - begunMs).toBeLessThan(100);
});

test.each([
  ['answers otherwise', (_: IncomingMessage, response: ServerResponse) => response.writeHead(404).end()],
  ['hangs up', (request: IncomingMessage) => request.socket.destroy()],
])('what listens there %s: the embedded servers', async (_, listener) => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  expect(await chooseServers({ DOCKER_HOST: `tcp://127.0.0.1:${port}` })).toMatchObject({
    use: 'embedded',
    why: 'no Docker engine answers',
  });
  server.close();
});

test.each(['containers', 'embedded'] as const)('%s can be forced', async (use) => {
  expect(await chooseServers({ [choiceVariable]: use, DOCKER_HOST: 'tcp://127.0.0.1:1' })).toMatchObject({ use });
});

test('an unknown word is refused', async () => {
  await expect(chooseServers({ [choiceVariable]: 'docker' })).rejects.toThrow('it may be containers or embedded');
});

test.each([
  ['unix:///run/x.sock', { path: '/run/x.sock' }],
  ['tcp://engine:2376', { host: 'engine', port: 2376 }],
  ['tcp://engine', { host: 'engine', port: 2375 }],
])('DOCKER_HOST=%s is the only place looked at', (named, place) => {
  expect(enginePlaces({ DOCKER_HOST: named, XDG_RUNTIME_DIR: '/' })).toEqual([place]);
});
