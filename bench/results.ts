/** RESULTS.md: one section for each benchmark, replaced when it runs again. */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { format, resolveConfig } from 'prettier';

const FILE = new URL('RESULTS.md', import.meta.url);
const TITLE = '# Results\n';
const GIB = 1024 ** 3;

/** Writes a section: what was measured, when and where, and its table. */
export async function writeSection(
  title: string,
  what: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  const table = [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const section = `## ${title}\n\n${what}\n\n${when()}\n\n${table.join('\n')}\n`;
  const old = await readFile(FILE, 'utf8').catch(() => TITLE);
  const sections = old.split(/^(?=## )/m);
  const at = sections.findIndex((other) => other.startsWith(`## ${title}\n`));
  if (at < 0) sections.push(section);
  else sections[at] = section;
  const options = await resolveConfig(FILE);
  await writeFile(FILE, await format(sections.join('\n'), { ...options, parser: 'markdown' }));
}

function when(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / GIB);
  return `${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}, ${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${memory} GiB, ${process.platform}.`;
}
