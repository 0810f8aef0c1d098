import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The part of Prisma's data model (DMMF) that has a counterpart in PostgreSQL. `dbName`: what @map and @@map say. */
export interface DataModel {
  readonly models: readonly Model[];
  readonly indexes: readonly Index[];
}

export interface Model {
  readonly name: string;
  readonly dbName?: string | null;
  readonly schema?: string | null;
  readonly fields: readonly Field[];
}

export interface Field {
  readonly name: string;
  readonly dbName?: string | null;
  readonly kind: 'scalar' | 'object' | 'enum' | 'unsupported';
  readonly type: string;
  readonly isList: boolean;
  readonly isRequired: boolean;
  readonly nativeType?: readonly [name: string, parameters: readonly string[]] | null;
  readonly default?: unknown;
  readonly relationFromFields?: readonly string[];
  readonly relationToFields?: readonly string[];
}

export interface Index {
  readonly model: string;
  readonly type: 'id' | 'unique' | 'normal' | 'fulltext';
  readonly fields: readonly { readonly name: string; readonly sortOrder?: 'asc' | 'desc' }[];
}

const generateWaitMs = 60_000;

/**
 * What a schema.prisma declares, read by Prisma itself: a generator that only keeps what it is given (Prisma's generators talk JSON-RPC on stdin and
 * stderr) stands in for the schema's own. Needs no database, no network and no schema engine. Rejects with Prisma's words when the schema is wrong.
 */
export async function readDataModel(schema: string): Promise<DataModel> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-data-model-'));
  const kept = join(folder, 'data-model.json');
  try {
    const generator = `generator keep {\n  provider = "node keep.mjs"\n  output = "."\n}\n`;
    writeFileSync(join(folder, 'schema.prisma'), schema.replace(/^generator .*?^}\n/ms, generator));
    writeFileSync(join(folder, 'keep.mjs'), keeper(kept));
    await generate(folder);
    return JSON.parse(readFileSync(kept, 'utf8')) as DataModel;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const keeper = (kept: string): string => `
import { createInterface } from 'node:readline';
import { writeFileSync } from 'node:fs';
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (method === 'generate') writeFileSync(${JSON.stringify(kept)}, JSON.stringify(params.dmmf.datamodel));
  const result = method === 'getManifest' ? { manifest: { prettyName: 'keep', defaultOutput: '.' } } : null;
  console.error(JSON.stringify({ jsonrpc: '2.0', id, result }));
}
`;

function generate(folder: string): Promise<void> {
  const prisma = join(dirname(createRequire(import.meta.url).resolve('prisma/package.json')), 'build/index.js');
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    // `generate` never runs the schema engine; it only wants to see that some program is there, or would download it
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  };
  const child = spawn(process.execPath, [prisma, 'generate', '--schema', 'schema.prisma'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: generateWaitMs,
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`prisma generate: ${said.trim()}`))));
  });
}
