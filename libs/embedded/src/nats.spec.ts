import { expect, test } from '@jest/globals';
import { natsConfig } from './nats.ts';

const folders = { password: 'pass', monitorPath: '/secret', storeDir: '/data/jetstream', portsDir: '/data/ports' };

test('the configuration syncs always, listens on loopback only and asks for a password', () => {
  expect(natsConfig({ ...folders, port: 4222 })).toBe(
    [
      'server_name: heliograph',
      'listen: "127.0.0.1:4222"',
      'http: "127.0.0.1:-1"',
      'http_base_path: "/secret"',
      'ports_file_dir: "/data/ports"',
      'authorization { user: heliograph, password: "pass" }',
      'max_payload: 8MB',
      'jetstream {',
      '  store_dir: "/data/jetstream"',
      '  max_file_store: 68719476736',
      '  sync_interval: always',
      '}',
      '',
    ].join('\n'),
  );
});

test('port 0 lets the server choose, which it calls -1', () => {
  const config = natsConfig({ ...folders, port: 0, monitorPort: 0 });
  expect(config).toContain('listen: "127.0.0.1:-1"');
  expect(config).toContain('http: "127.0.0.1:-1"');
});

test('without syncing always the option is absent', () => {
  expect(natsConfig({ ...folders, syncAlways: false })).not.toContain('sync_interval');
});

test('one of a cluster has a name of its own and asks for a password on its routes to the others', () => {
  const config = natsConfig({ ...folders, cluster: { number: 2, routePorts: [7001, 7002, 7003], password: 'pass' } });
  expect(config).toContain('server_name: heliograph-2\n');
  expect(config.slice(config.indexOf('cluster {'))).toBe(
    [
      'cluster {',
      '  name: heliograph',
      '  listen: "127.0.0.1:7002"',
      '  authorization { user: heliograph, password: "pass" }',
      '  routes: ["nats://heliograph:pass@127.0.0.1:7001", "nats://heliograph:pass@127.0.0.1:7003"]',
      '}',
      '',
    ].join('\n'),
  );
});
