/** A .cpuprofile of V8, what of it is used. Times in µs, of the clock of `process.hrtime` */
export interface CpuProfile {
  readonly startTime: number;
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** From the sample before, or the start. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** A function called from another, with the time of it and below. */
export interface Frame {
  readonly name: string;
  selfUs: number;
  totalUs: number;
  readonly children: Map<string, Frame>;
}

/** Neither of these is work. */
const idle = new Set(['(idle)', '(program)', '(root)']);

/** What was on the stack between two moments, as a tree; without idling. */
export function treeOf({ startTime, nodes, samples, timeDeltas }: CpuProfile, { fromUs, toUs }: { fromUs: number; toUs: number }): Frame {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const stacks = new Map<number, string[]>();
  const stackOf = (id: number): string[] => {
    const known = stacks.get(id);
    if (known) return known;
    const parent = parents.get(id);
    const stack = parent === undefined ? [] : [...stackOf(parent), nameOf(byId.get(id) as ProfileNode)];
    stacks.set(id, stack);
    return stack;
  };
  const root = frame('all');
  let nowUs = startTime;
  for (const [i, id] of samples.entries()) {
    // a delta is the time until this sample, so it belongs to the one before
    nowUs += timeDeltas[i] ?? 0;
    const tookUs = timeDeltas[i + 1] ?? 0;
    if (nowUs < fromUs || nowUs >= toUs || tookUs <= 0 || idle.has(byId.get(id)?.callFrame.functionName ?? '(root)')) continue;
    add(root, stackOf(id), tookUs);
  }
  return root;
}

function frame(name: string): Frame {
  return { name, selfUs: 0, totalUs: 0, children: new Map() };
}

function add(root: Frame, stack: readonly string[], us: number): void {
  let at = root;
  at.totalUs += us;
  for (const name of stack) {
    const next = at.children.get(name) ?? frame(name);
    at.children.set(name, next);
    at = next;
    at.totalUs += us;
  }
  at.selfUs += us;
}

/** `encode libs/smpp/src/codec.ts:12`: the same wherever the project lies. */
function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName || '(anonymous)';
  if (url === '') return name;
  const place = url
    .replace(/^.*\/node_modules\/(?!.*\/node_modules\/)/, '')
    .replace(/^.*\/((apps|libs|tools)\/[^/]+\/(src|generated)\/)/, '$1');
  return `${name} ${place}:${lineNumber + 1}`;
}

/** Self time by function, most first. */
export function topOf(root: Frame): { readonly name: string; readonly selfUs: number }[] {
  const self = new Map<string, number>();
  const visit = ({ name, selfUs, children }: Frame): void => {
    if (selfUs > 0) self.set(name, (self.get(name) ?? 0) + selfUs);
    children.forEach(visit);
  };
  visit(root);
  return [...self].map(([name, selfUs]) => ({ name, selfUs })).sort((a, b) => b.selfUs - a.selfUs);
}

/** One line for each stack, `a;b;c 120`, µs: what flamegraph.pl, speedscope and their like read. */
export function foldedOf(root: Frame): string {
  const lines: string[] = [];
  const visit = ({ selfUs, children }: Frame, stack: readonly string[]): void => {
    if (selfUs > 0) lines.push(`${stack.join(';')} ${selfUs.toFixed(0)}`);
    for (const child of children.values()) visit(child, [...stack, child.name.replaceAll(';', ':')]);
  };
  visit(root, []);
  return lines.map((line) => `${line}\n`).join('');
}
