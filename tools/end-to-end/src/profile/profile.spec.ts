import { describe, expect, it } from '@jest/globals';
import { flameGraph } from './flame.ts';
import { foldedOf, topOf, treeOf, type CpuProfile } from './profile.ts';

const node = (id: number, functionName: string, children: number[] = [], url = '') => ({
  id,
  callFrame: { functionName, url, lineNumber: 11 },
  children,
});
/** 10 µs each: idle, encode below send, send itself, send again, idle. */
const profile: CpuProfile = {
  startTime: 1_000,
  nodes: [
    node(1, '(root)', [2, 3]),
    node(2, '(idle)'),
    node(3, 'send', [4], 'file:///anywhere/apps/router/src/send.ts'),
    node(4, '', [], 'file:///anywhere/node_modules/pino/lib/proto.js'),
  ],
  samples: [2, 4, 3, 3, 2],
  timeDeltas: [0, 10, 10, 10, 10],
};
const whole = { fromUs: 0, toUs: Infinity };
const send = 'send apps/router/src/send.ts:12';
const anonymous = '(anonymous) pino/lib/proto.js:12';

describe('a CPU profile', () => {
  it('gives self times without idling, most first', () => {
    expect(topOf(treeOf(profile, whole))).toEqual([
      { name: send, selfUs: 20 },
      { name: anonymous, selfUs: 10 },
    ]);
  });

  it('gives folded stacks', () => {
    expect(foldedOf(treeOf(profile, whole))).toBe(`${send} 20\n${send};${anonymous} 10\n`);
  });

  it('counts only what was between two moments', () => {
    expect(treeOf(profile, { fromUs: 1_020, toUs: 1_030 }).totalUs).toBe(10);
    expect(treeOf(profile, { fromUs: 2_000, toUs: 3_000 }).totalUs).toBe(0);
  });

  it('is drawn to scale, and what is in a name is no markup', () => {
    const svg = flameGraph(treeOf(profile, whole), 'a <b> & c');
    expect(svg).toContain('a &lt;b&gt; &amp; c');
    expect(svg).toMatch(
      new RegExp(`<title>${send.replaceAll('.', '\\.')}: 100\\.0 %, itself 66\\.7 %</title><rect x="0\\.0" y="\\d+" width="1400\\.0"`),
    );
    expect(svg).toMatch(/pino.*: 33\.3 %.*width="466\.7"/);
  });

  it('of nothing is an empty picture', () => {
    expect(flameGraph(treeOf(profile, { fromUs: 0, toUs: 0 }), 'nothing')).not.toContain('<g>');
  });
});
