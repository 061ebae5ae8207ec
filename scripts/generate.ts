// Writes what is derived from src/config/schema.ts; with --check writes nothing, names what is stale and exits 1.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { configSchema } from '../src/config/schema.ts';
import { renderTypes } from './generate/types.ts';

const root = new URL('..', import.meta.url);

/** File → its whole text, before prettier. */
const outputs: Readonly<Record<string, () => Promise<string>>> = {
  'src/config/types.ts': () => renderTypes(configSchema),
};

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [name, render] of Object.entries(outputs)) {
  const file = fileURLToPath(new URL(name, root));
  const text = await format(await render(), { ...(await resolveConfig(file)), filepath: file });
  const present = await readFile(file, 'utf8').catch(() => undefined);
  if (present === text) continue;
  stale.push(name);
  if (!check) await writeFile(file, text);
}
if (check && stale.length > 0) {
  console.error(`stale: ${stale.join(', ')}; run npm run generate`);
  process.exitCode = 1;
}
