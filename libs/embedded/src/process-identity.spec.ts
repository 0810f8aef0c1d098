import { describe, expect, test } from '@jest/globals';
import { commandLineOf, isSameProcess, parseProcStat, processStart } from './process-identity.ts';

describe('a process', () => {
  test('is itself', () => {
    const started = processStart(process.pid);
    expect(started).toBeDefined();
    expect(isSameProcess({ pid: process.pid, started: started! })).toBe(true);
    expect(commandLineOf(process.pid)).toContain('node');
  });

  test('with the same number but another start is another one', () => {
    expect(isSameProcess({ pid: process.pid, started: 'long ago' })).toBe(false);
  });

  test('that does not exist is nobody', () => {
    const beyondAnyPidMax = 2 ** 22 + 1;
    expect(processStart(beyondAnyPidMax)).toBeUndefined();
    expect(commandLineOf(beyondAnyPidMax)).toBeUndefined();
  });
});

describe('/proc/pid/stat', () => {
  const rest = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21';

  test('gives field 22, also when the command name holds spaces and parentheses', () => {
    expect(parseProcStat(`42 (node) S ${rest}`)).toBe('4711');
    expect(parseProcStat(`42 (evil ) R 1 (name)) S ${rest}`)).toBe('4711');
  });

  test('of a zombie counts as no process', () => {
    expect(parseProcStat(`42 (node) Z ${rest}`)).toBeUndefined();
  });
});
