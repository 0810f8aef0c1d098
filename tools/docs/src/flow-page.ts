import { flow, streams, type EventType, type StageName, type StreamName } from '@heliograph/message';

/** docs/flow.md: the way of a message, drawn from the list that the code runs by. */
export function flowPage(): string {
  return `# The way of a message

Generated from \`libs/message/src/flow.ts\` by \`npm run docs\`; a test says when it is stale.

\`\`\`mermaid
flowchart LR
${edges().join('\n')}
\`\`\`

## Stages

| stage | app | takes | gives | what it does |
| --- | --- | --- | --- | --- |
${stageRows().join('\n')}

## Streams

\`log\`: several readers, each with its own cursor; trimmed behind the slowest. \`queue\`: a record goes once its one reader has it.

| stream | events | kept as | read by |
| --- | --- | --- | --- |
${streamRows().join('\n')}
`;
}

const stages = Object.entries(flow) as [
  StageName,
  { apps: readonly string[]; takes: readonly EventType[]; gives: readonly EventType[]; does: string },
][];

function edges(): string[] {
  const lines = stages.map(([name, { apps }]) => `  ${name}["${name}<br/><small>${apps.join(', ')}</small>"]`);
  for (const [from, { gives }] of stages) {
    for (const [to, { takes }] of stages) {
      const events = gives.filter((event) => takes.includes(event));
      // every stage's events end in the log: the arrows would hide the road
      if (events.length > 0 && to !== 'log') lines.push(`  ${from} -- "${events.join('<br/>')}" --> ${to}`);
    }
  }
  return lines;
}

function stageRows(): string[] {
  return stages.map(
    ([name, { apps, takes, gives, does }]) => `| ${name} | ${apps.join(', ')} | ${codes(takes)} | ${codes(gives)} | ${does} |`,
  );
}

function streamRows(): string[] {
  return (Object.entries(streams) as [StreamName, { events: readonly EventType[]; retention: string }][]).map(
    ([name, { events, retention }]) => {
      const readers = stages.filter(([, { takes }]) => takes.some((event) => events.includes(event))).map(([stage]) => stage);
      return `| ${name} | ${codes(events)} | ${retention} | ${readers.join(', ')} |`;
    },
  );
}

function codes(events: readonly string[]): string {
  return events.length === 0 ? '-' : events.map((event) => `\`${event}\``).join(', ');
}
