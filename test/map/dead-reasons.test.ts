import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { DEAD_REASONS } from '../../src/types.ts';

it('each reason of a dead letter is explained in docs/mapping.md, and no other', async () => {
  const page = await readFile(new URL('../../docs/mapping.md', import.meta.url), 'utf8');
  const [, section = ''] = /\n## Dead letters\n(.*?)\n## /s.exec(page) ?? [];
  const firstCells = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell = '']) => cell);
  const documented = firstCells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(new Set(documented)).toEqual(new Set(DEAD_REASONS));
});
