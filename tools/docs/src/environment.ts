import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { documentConfig } from '@heliograph/service';

type Schema = Parameters<typeof documentConfig>[1];
type Row = ReturnType<typeof documentConfig>[number];

/** .env.example: every setting of every service, from the schemas that read them. */
export async function environmentExample(root: string): Promise<string> {
  const rows = new Map<string, Row & { services: string[] }>();
  for (const folder of projects(root)) {
    const name = folder.split('/').at(-1) as string;
    const { config } = (await import(join(root, folder, 'src/config.ts'))) as { config: Schema };
    for (const row of documentConfig(name, config)) {
      const known = rows.get(row.env);
      if (known) known.services.push(name);
      else rows.set(row.env, { ...row, services: [name] });
    }
  }
  return [
    '# Every setting of every service, generated from the config schemas by `npm run docs`; a test says when it is stale.',
    '# Only what has no default must be set; `npm start` sets all of it by itself.',
    '',
    ...[...rows.values()].flatMap((row) => [
      ...comment(row),
      `${row.required ? '' : '# '}${row.env}=${row.secret ? '' : (row.default ?? '')}`,
      '',
    ]),
  ].join('\n');
}

function projects(root: string): string[] {
  return ['apps', 'tools']
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`))
    .filter((folder) => existsSync(join(root, folder, 'src/config.ts')))
    .sort();
}

function comment({ description, required, secret, services }: Row & { services: string[] }): string[] {
  const marks = [required ? 'required' : '', secret ? 'secret' : ''].filter(Boolean).join(', ');
  return [`# ${description}${marks ? ` (${marks})` : ''}`, `# ${services.length > 3 ? 'most services' : services.join(', ')}`];
}
