// Writes what is derived from src/config/schema.ts, and the kernel; with --check writes nothing, names what is stale and exits 1.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { configSchema } from '../src/config/schema.ts';
import { renderKernel } from './generate/kernel.ts';
import { renderPublished } from './generate/published.ts';
import { renderReference } from './generate/reference.ts';
import { renderTypes } from './generate/types.ts';
import { renderValidator } from './generate/validator.ts';

const BEGIN = '<!-- generated from src/config/schema.ts by `npm run generate`: begin -->';
const END = '<!-- generated: end -->';

type Output = readonly [file: string, render: (present: string) => string | Promise<string>];

/** Each file, and its whole text (before prettier) from the one that is there. */
const outputs: readonly Output[] = [
  ['src/config/types.ts', () => renderTypes(configSchema)],
  ['src/config/validator.ts', () => renderValidator(configSchema)],
  ['src/kernel/code.ts', renderKernel],
  ['schema/config.schema.json', () => renderPublished(configSchema)],
  ['docs/configuration.md', (present) => between(present, renderReference(configSchema))],
];

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [name, render] of outputs) {
  const file = fileURLToPath(new URL(`../${name}`, import.meta.url));
  const present = await readFile(file, 'utf8').catch(() => '');
  const text = await format(await render(present), { ...(await resolveConfig(file)), filepath: file });
  if (present === text) continue;
  stale.push(name);
  if (check) continue;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
if (check && stale.length > 0) {
  console.error(`stale: ${stale.join(', ')}; run npm run generate`);
  process.exitCode = 1;
}

/** `page` with its generated part replaced; what people wrote around it stays. */
function between(page: string, generated: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`docs/configuration.md needs the lines\n${BEGIN}\n${END}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${generated}\n${page.slice(end)}`;
}
