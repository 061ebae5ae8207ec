import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const PAGE = 'docs/guarantees.md';
/** A file, and the names of tests in it: `test/a.test.ts`: "one", "two". */
const CITATION = /`(test\/[^`]+\.test\.ts)`:((?:\s*"[^"]+",?)+)/g;

test('each test that the page of guarantees names exists under this name', async () => {
  const page = await readFile(fileURLToPath(new URL(PAGE, ROOT)), 'utf8');
  const cited = Array.from(page.matchAll(CITATION), ([, file = '', names = '']) => ({
    file,
    names: Array.from(names.matchAll(/"([^"]+)"/g), ([, name = '']) => name),
  }));
  expect(cited.length).toBeGreaterThan(20);
  const missing: string[] = [];
  for (const { file, names } of cited) {
    const source = await readFile(new URL(file, ROOT), 'utf8');
    for (const name of names) if (!source.includes(`'${name}'`)) missing.push(`${file}: ${name}`);
  }
  expect(missing).toEqual([]);
});
