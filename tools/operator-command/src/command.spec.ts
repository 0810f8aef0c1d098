import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { runCommand, type Parsed } from './command.ts';
import { Refused, Unreachable } from './control-plane.ts';

async function call(parsed: Parsed<number>, act = (code: number): Promise<number> => Promise.resolve(code)) {
  const [printed, warned]: [string[], string[]] = [[], []];
  const code = await runCommand({ parsed, help: 'HELP', act, print: (text) => printed.push(text), warn: (text) => warned.push(text) });
  return { code, out: printed.join(''), error: warned.join('') };
}

describe('a command', () => {
  it('does what it was told and ends as that did', async () => {
    expect(await call({ kind: 'run', options: 7 })).toEqual({ code: 7, out: '', error: '' });
  });

  it('prints its help and ends with 0', async () => {
    expect(await call({ kind: 'help' })).toEqual({ code: 0, out: 'HELP', error: '' });
  });

  it('says all that is wrong with its call, then its help, and ends with 2', async () => {
    expect(await call({ kind: 'wrong', errors: ['this', 'that'] })).toEqual({ code: 2, out: '', error: 'this\nthat\n\nHELP' });
  });

  it.each<[string, () => never, string]>([
    ['is refused', () => raise(new Refused('no such tenant')), 'no such tenant\n'],
    ['reaches nobody', () => raise(new Unreachable('does not answer')), 'does not answer\n'],
    ['finds no file', () => readFileSync('/nowhere/at/all') as never, 'ENOENT'],
  ])('that %s says so in a line and ends with 1', async (_, act, error) => {
    expect(await call({ kind: 'run', options: 0 }, async () => act())).toEqual({ code: 1, out: '', error: expect.stringContaining(error) });
  });

  it('does not hide a bug', async () => {
    await expect(call({ kind: 'run', options: 0 }, async () => raise(new TypeError('a bug')))).rejects.toThrow('a bug');
  });
});

function raise(error: Error): never {
  throw error;
}
