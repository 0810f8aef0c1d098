import { readSections } from './sections.ts';
import { eventsOf, needOf, perCore, predictedRate, rowsOf, type Cost } from './sizing.ts';

const roadFile = 'tools/end-to-end/src/smpp-road.bench.ts';
const instancesFile = 'tools/end-to-end/src/instances.bench.ts';
/** The round of the road in which no stage falls behind: each has what it needs. */
const steady = 'at most 20,000 without receipt';
const rates = [10_000, 100_000, 1_000_000];

/** One measured run, to check the model with. */
export interface Point {
  readonly what: string;
  readonly messagesPerS: number;
  readonly cost: Cost;
  readonly loadMicroseconds: number;
}

/** docs/sizing.md, of docs/benchmarks.md. */
export function sizingPage(benchmarks: string): string {
  const sections = new Map(readSections(benchmarks).map(({ file, text }) => [file, text]));
  const [road, instances] = [sections.get(roadFile) ?? '', sections.get(instancesFile) ?? ''];
  const steadyPoint = pointOf(road, steady, steady);
  const points = [
    pointOf(road, 'as fast as answered', 'as fast as answered'),
    steadyPoint,
    pointOf(instances, '1', '1 of each'),
    pointOf(instances, '2', '2 of each'),
  ];
  if (!steadyPoint) return `${title}\n\nNot known: ${roadFile} is not in docs/benchmarks.md yet.\n`;
  const { cost } = steadyPoint;
  const needs = rates.map((rate) => needOf(rate, cost));
  const heads = needs.map(({ messagesPerS }) => `${thousands(messagesPerS)}/s`);
  return [
    title,
    '',
    `Worked out of docs/benchmarks.md by tools/bench/src/sizing.ts, which says where each constant is from; \`npm run bench -- --write\` writes it anew, and a test says when it is stale.`,
    'It is of the SMPP road: submit_sm in, submit_sm out, a receipt for each, charged, synced, kept in the history. What is above this machine is arithmetic, not a measurement.',
    '',
    '## What a core does',
    '',
    'Measured CPU, and messages a second of one core that is 70 % busy: above that, what waits grows faster than what is done.',
    '',
    table(
      ['process', 'µs a message', 'messages/s a core'],
      Object.entries(cost).map(([name, us]) => [name, us.toFixed(0), us > 0 ? thousands(perCore(us)) : '-']),
    ),
    '',
    '## What is needed',
    '',
    'Cores, and in brackets instances: a Node process uses one core. nats: servers, so that no stream stores more records than a disk syncs, and no link carries more than it can; PostgreSQL: servers of 16 cores. Without replicas: three of each stream are three times the nats servers and disks.',
    '',
    table(
      ['process', ...heads],
      [
        ...Object.keys(cost).map((name) => [name, ...needs.map(({ processes }) => needCell(processes.find((one) => one.name === name)))]),
        ['all cores', ...needs.map(({ cores }) => thousands(Math.ceil(cores)))],
      ],
    ),
    '',
    '## Streams',
    '',
    `${eventsOf.reduce((all, { events }) => all + events, 0)} events a message. Each record is one sync of its stream; how many events are in one is what a publisher gathers in 3 ms, 128 at most. In brackets: streams it is to be split into.`,
    '',
    table(
      ['records/s', ...heads],
      eventsOf.map(({ stream }) => [
        stream,
        ...needs.map(({ streams }) => {
          const one = streams.find((need) => need.stream === stream);
          return one ? `${thousands(Math.ceil(one.recordsPerS))} of ${one.eventsPerRecord.toFixed(0)} (${one.partitions})` : '-';
        }),
      ]),
    ),
    '',
    '## Rows',
    '',
    'Of PostgreSQL, a second, at most; each is written again as the message goes on. How long they are kept is in the READMEs of their owners.',
    '',
    table(
      ['owner', 'rows a message', ...heads],
      rowsOf.map(({ owner, rows, what }) => [owner, `${rows}: ${what}`, ...rates.map((rate) => thousands(rows * rate))]),
    ),
    '',
    '- **Not there yet**: streams are not split today (`libs/message/src/flow.ts` has one of each). A figure above 1 in brackets says where that is needed; tenants are what to split by, as no order is kept between them.',
    '- **PostgreSQL**: one database today. More than one server needs the history split, by tenant too; the ledger has no row a message and stays whole.',
    '- SUBMITTED keeps 2 GB at most: how long its readers may stand still before the doors refuse is 2 GB / (octets a message × messages/s).',
    '',
    '## Checked against what was measured',
    '',
    'A machine with fewer cores than processes is as fast as its cores divided by the CPU of a message, the load tool included. Predicted so, and measured; what is missing is waiting (a sync, a window), and what else ran.',
    'Two instances of a stage on 2 cores show contention only: what the second costs, not what it brings. The model takes the CPU of a message as the same whatever the number of instances; with more of',
    'them records have fewer events in them, and what that costs is the difference between the last two rows (one and two of router, connector-smpp, dlr-forwarder and message-log). Four were not run.',
    '',
    table(
      ['run', 'CPU µs a message', 'predicted messages/s', 'measured', 'of the prediction'],
      points.flatMap((point) => (point ? [checkRow(point, coresOf(road))] : [])),
    ),
    '',
  ].join('\n');
}

const title = '# Sizing';

/** `row`: of the table of the section, whose second to last columns have the rate; `label`: of the line with the CPU by process. */
function pointOf(section: string, row: string, label: string): Point | undefined {
  const header = section.split('\n').find((line) => line.includes('| messages/s |'));
  const cells = section.split('\n').find((line) => line.startsWith(`| ${row} |`));
  const line = section.split('\n').find((one) => one.startsWith(`${label}: `));
  if (header === undefined || cells === undefined || line === undefined) return undefined;
  const column = header.split('|').findIndex((head) => head.trim() === 'messages/s');
  const [, processes = '', load = '0'] = /: (.*); beside it the load's driver and sink (\d+)/.exec(line) ?? [];
  const cost = processes.split(', ').map((part) => [part.slice(0, part.lastIndexOf(' ')), Number(part.slice(part.lastIndexOf(' ') + 1))]);
  return {
    what: label,
    messagesPerS: Number(cells.split('|')[column]),
    cost: Object.fromEntries(cost) as Cost,
    loadMicroseconds: Number(load),
  };
}

/** Of the machine that measured, as its section says. */
function coresOf(section: string): number {
  return Number(/(\d+) cores/.exec(section)?.[1] ?? 1);
}

function checkRow({ what, messagesPerS, cost, loadMicroseconds }: Point, cores: number): string[] {
  const predicted = predictedRate(cores, cost, loadMicroseconds);
  const all = Object.values(cost).reduce((sum, one) => sum + one, 0);
  return [what, all.toFixed(0), thousands(predicted), thousands(messagesPerS), `${((messagesPerS / predicted) * 100).toFixed(0)} %`];
}

function needCell(need: { cores: number; instances: number } | undefined): string {
  return need ? `${need.cores < 10 ? need.cores.toFixed(1) : thousands(need.cores)} (${need.instances})` : '-';
}

/** The first column to the left, the others to the right. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = heads.map((_, i) => (i === 0 ? '---' : '---:'));
  return [heads, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
