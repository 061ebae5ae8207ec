import { expect, test } from 'vitest';
import { IdSet } from '../../src/spool/id-set.ts';

test('a set of ids has those that were added, and no others, however many they are', () => {
  const set = new IdSet();
  expect(set.has('f00d:0:1:rule')).toBe(false);
  for (let i = 0; i < 5000; i++) set.add(`f00d:${i}:1:rule`);
  for (let i = 0; i < 5000; i += 7) set.add(`f00d:${i}:1:rule`);
  expect(set.size).toBe(5000);
  for (let i = 0; i < 5000; i++) expect(set.has(`f00d:${i}:1:rule`)).toBe(true);
  for (let i = 5000; i < 9000; i++) expect(set.has(`f00d:${i}:1:rule`)).toBe(false);
});
