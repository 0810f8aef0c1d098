import { describe, expect, it } from '@jest/globals';
import { readSections, writeSections } from './sections.ts';

const a = { file: 'a.bench.ts', text: '2026-11-20: 2 cores.\n\n```text\n# no heading\n1\n```' };
const b = { file: 'b.bench.ts', text: 'b' };

describe('the sections of docs/benchmarks.md', () => {
  it('are read as they were written, in the order of their files', () => {
    expect(readSections(writeSections([b, a], ['a.bench.ts', 'b.bench.ts']))).toEqual([a, b]);
  });

  it('take the place of what was measured before, and leave the others', () => {
    const again = { file: 'b.bench.ts', text: 'again' };
    expect(readSections(writeSections([a, b, again], ['a.bench.ts', 'b.bench.ts']))).toEqual([a, again]);
  });

  it('of a benchmark that is gone go too', () => {
    expect(readSections(writeSections([a, b], ['b.bench.ts']))).toEqual([b]);
  });
});
