import { describe, expect, test } from '@jest/globals';
import { helpText, optionTable, parseOptions } from './options.ts';

const parse = (args: string[], env: NodeJS.ProcessEnv = {}) => parseOptions(args, env, '/project');
const options = (args: string[], env?: NodeJS.ProcessEnv) => {
  const parsed = parse(args, env);
  if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed));
  return parsed.options;
};

describe('options', () => {
  test("without any have their defaults; the data folder is the project's", () => {
    expect(options([])).toEqual({
      data: '/project/.data',
      smppPort: 2775,
      smppTlsPort: 2776,
      httpPort: 8080,
      carrier: undefined,
      balanceMicroCredits: 1_000_000_000n,
      profile: 'demo',
      natsServers: 1,
      json: false,
    });
  });

  test('are taken from the command line before the environment', () => {
    const env = { HELIOGRAPH_SMPP_PORT: '1111', HELIOGRAPH_HTTP_PORT: '2222', HELIOGRAPH_JSON: '1' };
    expect(options(['--smpp-port', '3333'], env)).toMatchObject({ smppPort: 3333, httpPort: 2222, json: true });
    expect(options(['--smpp-port=4444'], env)).toMatchObject({ smppPort: 4444 });
  });

  test('an empty variable counts as unset; a given folder is relative to where one stands', () => {
    expect(options([], { HELIOGRAPH_SMPP_PORT: '' }).smppPort).toBe(2775);
    expect(options(['--data', 'there']).data).toBe(`${process.cwd()}/there`);
    expect(options([], { HELIOGRAPH_DATA: '/there' }).data).toBe('/there');
  });

  test.each([
    ['sms.test:2775', { host: 'sms.test', port: 2775 }],
    ['127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
  ])('--carrier %s', (text, carrier) => {
    expect(options(['--carrier', text]).carrier).toEqual(carrier);
  });

  test.each([
    ['0', 0n],
    ['1000', 1_000_000_000n],
    ['0.000001', 1n],
    ['12.5', 12_500_000n],
    ['999999999.999999', 999_999_999_999_999n],
  ])('--balance %s keeps every micro-credit', (text, microCredits) => {
    expect(options(['--balance', text]).balanceMicroCredits).toBe(microCredits);
  });

  test.each([
    [['--smpp-port', '65536'], '--smpp-port must be 0..65535 (got "65536")'],
    [['--http-port', '-1'], '--http-port must be 0..65535 (got "-1")'],
    [['--http-port'], '--http-port needs a value: PORT'],
    [['--data', '--json'], '--data needs a value: DIR'],
    [['--data='], '--data must be a folder (got "")'],
    [['--carrier', 'sms.test'], '--carrier must be HOST:PORT (got "sms.test")'],
    [['--carrier', 'sms.test:0'], '--carrier must be HOST:PORT (got "sms.test:0")'],
    [['--balance', '1e3'], '--balance must be credits, 0 to 999999999 with at most 6 decimals (got "1e3")'],
    [['--balance', '0.0000001'], '--balance must be credits, 0 to 999999999 with at most 6 decimals (got "0.0000001")'],
    [['--profile', 'test'], '--profile must be demo or production (got "test")'],
    [['--nats-servers', '2'], '--nats-servers must be 1 or 3 (got "2")'],
    [['--json=maybe'], '--json must be true or false (got "maybe")'],
    [['--smpp'], '--smpp is not an option (see --help)'],
    [['start'], '"start" is not an option (see --help)'],
  ])('%j is refused', (args, error) => {
    expect(parse(args)).toEqual({ kind: 'wrong', errors: [error] });
  });

  test('every error is told at once, with the source of the value', () => {
    expect(parse(['--nothing', '--smpp-port=x'], { HELIOGRAPH_HTTP_PORT: 'y' })).toEqual({
      kind: 'wrong',
      errors: [
        '--nothing is not an option (see --help)',
        '--smpp-port must be 0..65535 (got "x")',
        'HELIOGRAPH_HTTP_PORT must be 0..65535 (got "y")',
      ],
    });
  });

  test('--help wins over everything and lists each option with its variable', () => {
    expect(parse(['--nothing', '--help'])).toEqual({ kind: 'help' });
    expect(parse(['-h'])).toEqual({ kind: 'help' });
    for (const { flag, env } of Object.values(optionTable)) {
      expect(helpText()).toMatch(new RegExp(`--${flag}\\b.* ${env} `));
    }
  });
});
