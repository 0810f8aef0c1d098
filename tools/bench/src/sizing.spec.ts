import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatted } from './formatted.ts';
import { sizingPage } from './sizing-page.ts';
import { needOf, perCore, predictedRate } from './sizing.ts';

const cost = { nats: 50, postgres: 100, 'smpp-ingress': 50, router: 10, 'connector-smpp': 50, 'dlr-forwarder': 40 };
const docs = join(import.meta.dirname, '../../../docs');

describe('sizing', () => {
  it('a core that is 70 % busy does 70 % of what it can', () => expect(perCore(100)).toBeCloseTo(7_000));

  it('cores grow with the messages, and instances are whole', () => {
    const need = needOf(10_000, cost);
    const of = (name: string) => need.processes.find((one) => one.name === name);
    // 10,000 × 50 µs = 0.5 s a second, / 0.7
    expect(of('smpp-ingress')).toMatchObject({ cores: expect.closeTo(0.714, 2), instances: 1 });
    expect(of('postgres')).toMatchObject({ cores: expect.closeTo(1.43, 1), instances: 1 });
    expect(needOf(100_000, cost).processes.find((one) => one.name === 'smpp-ingress')).toMatchObject({ instances: 8 });
    expect(needOf(100_000, cost).cores).toBeCloseTo(need.cores * 10);
    expect(needOf(1_000_000, cost).databases).toBe(9);
  });

  it('records have what a publisher gathers while it waits, and no stream more records than it can sync', () => {
    const submitted = (rate: number) => needOf(rate, cost).streams[0];
    // 10,000/s of one publisher in 3 ms
    expect(submitted(10_000)).toEqual({ stream: 'SUBMITTED', eventsPerRecord: 30, recordsPerS: expect.closeTo(333.33), partitions: 1 });
    // fewer than one is one
    expect(submitted(100)).toMatchObject({ eventsPerRecord: 1, recordsPerS: 100 });
    for (const rate of [1, 10_000, 100_000, 1_000_000])
      for (const { eventsPerRecord, recordsPerS, partitions } of needOf(rate, cost).streams) {
        expect(eventsPerRecord).toBeLessThanOrEqual(128);
        expect(recordsPerS / partitions).toBeLessThanOrEqual(3_400);
      }
  });

  it('a busy machine does what its cores allow', () => expect(predictedRate(2, { a: 300, b: 80 }, 20)).toBeCloseTo(5_000));
});

describe('docs/sizing.md', () => {
  it('is what docs/benchmarks.md gives; else: npm run bench -- --write', async () => {
    const page = await formatted(sizingPage(readFileSync(join(docs, 'benchmarks.md'), 'utf8')));
    expect(readFileSync(join(docs, 'sizing.md'), 'utf8')).toBe(page);
  });

  it('checks each measured run against the model', () => {
    const page = sizingPage(
      [
        '# Benchmarks',
        '## tools/end-to-end/src/smpp-road.bench.ts',
        '2026-11-20: 2 cores (x).',
        '| 60 s of submitting | messages | messages/s | accepted/s |',
        '| at most 20,000 without receipt | 1 | 4500 | 1 |',
        "at most 20,000 without receipt: nats 100, postgres 100, router 190; beside it the load's driver and sink 10",
      ].join('\n'),
    );
    expect(page).toContain('| at most 20,000 without receipt | 390 | 5,000 | 4,500 | 90 % |');
    expect(page).toContain('| router | 190 | 3,684 |');
  });

  it('says so when the road was not measured', () => expect(sizingPage('# Benchmarks\n')).toContain('Not known'));
});
