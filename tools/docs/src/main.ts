/** `npm run docs`: writes the documents that are generated from code. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, root } from './pages.ts';

for (const [path, text] of Object.entries(await pages())) {
  writeFileSync(join(root, path), text);
  console.log(path);
}
