import { describe, expect, test } from '@jest/globals';
import { createHosts } from './webhook-hosts.ts';

function hostsOf(perHost: number) {
  const started: string[] = [];
  return { started, hosts: createHosts<string>({ perHost, start: (item) => started.push(item) }) };
}

describe('work shared out by host', () => {
  test('a host that answers nothing holds up no other', () => {
    const { hosts, started } = hostsOf(2);
    hosts.add('dead', ['d1', 'd2', 'd3', 'd4']);
    hosts.add('well', ['w1', 'w2', 'w3']);
    hosts.finished('well', 'well');
    expect(started).toEqual(['d1', 'd2', 'w1', 'w2', 'w3']);
    expect(hosts.running).toBe(4);
    expect(hosts.waiting).toBe(2);
    expect(hosts.room()).toEqual(
      new Map([
        ['dead', 0],
        ['well', 2],
      ]),
    );
  });

  test('a host that asks to slow down gets half, and one more after each success', () => {
    const { hosts, started } = hostsOf(4);
    hosts.add('slow', ['1', '2', '3', '4', '5', '6', '7', '8']);
    hosts.finished('slow', 'slow_down');
    hosts.finished('slow', 'slow_down');
    hosts.finished('slow', 'badly');
    expect(started).toHaveLength(4); // limit 1, one still runs
    hosts.finished('slow', 'well');
    expect(started).toHaveLength(6); // limit 2
    expect(hosts.room().get('slow')).toBe(0);
  });

  test('a host is forgotten when it is idle and at full speed', () => {
    const { hosts } = hostsOf(2);
    hosts.add('a', ['1']);
    hosts.finished('a', 'well');
    expect(hosts.room()).toEqual(new Map());
  });

  test('what waits can be taken back; what runs goes on', () => {
    const { hosts } = hostsOf(1);
    hosts.add('a', ['1', '2', '3']);
    expect(hosts.clear()).toEqual(['2', '3']);
    expect(hosts.running).toBe(1);
    expect(hosts.waiting).toBe(0);
  });
});
