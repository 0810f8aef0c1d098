import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { environmentExample } from './environment.ts';
import { flowPage } from './flow-page.ts';
import { testNumbersPage } from './test-numbers-page.ts';

export const root = join(import.meta.dirname, '../../..');

/** Every generated document by its path in the repository. */
export async function pages(): Promise<Record<string, string>> {
  const style = await resolveConfig(join(root, 'README.md'));
  return {
    'docs/test-numbers.md': await format(testNumbersPage(), { ...style, parser: 'markdown' }),
    'docs/flow.md': await format(flowPage(), { ...style, parser: 'markdown' }),
    '.env.example': await environmentExample(root),
  };
}
