import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, root } from './pages.ts';

test('generated documents are what the code says; otherwise run: npm run docs', async () => {
  for (const [path, text] of Object.entries(await pages()))
    expect({ path, text: readFileSync(join(root, path), 'utf8') }).toEqual({ path, text });
});
