import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

/** A page of docs/ as `npm run format` would leave it. */
export async function formatted(page: string): Promise<string> {
  return format(page, { ...(await resolveConfig(join(import.meta.dirname, 'main.ts'))), parser: 'markdown' });
}
