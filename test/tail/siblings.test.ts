import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { isPackedName } from '../../src/tail/packing.ts';
import { basesOf, byAge, namedAfter, relationOf, type Stamp } from '../../src/tail/siblings.ts';

const file = (path: string, mtimeNs: bigint): { path: string; mtimeNs: bigint; stamp: Stamp } => {
  const stamp = relationOf('access.log', path)?.stamp;
  if (stamp === undefined) throw new Error(path);
  return { path, mtimeNs, stamp };
};

describe('the names of rotated relatives', () => {
  it.each([
    ['access.log.1', 'plain', 'number'],
    ['access.log.12.gz', 'gz', 'number'],
    ['access.1.log', 'plain', 'number'],
    ['access.log-20261120', 'plain', 'date'],
    ['access.log-20261120.gz', 'gz', 'date'],
    ['access.log-2026-11-20_15-00-00', 'plain', 'date'],
    ['access.log.20261120-1795186800', 'plain', 'date'],
    ['access-20261120.log', 'plain', 'date'],
    ['access-20261120.log.tar.gz', 'tar.gz', 'date'],
    ['2026-11-20_15-00-00__access.log', 'plain', 'date'],
    ['2026-11-20_15-00-00__access.log.tar.gz', 'tar.gz', 'date'],
    ['access.log.gz', 'gz', 'none'],
    ['access.log.1.zst', 'zst', 'number'],
    ['access-20261120.log.tar.zst', 'tar.zst', 'date'],
    ['access.log.2.xz', 'unread', 'number'],
    ['access.log-20261120.bz2', 'unread', 'date'],
  ])('%s is one of access.log', (name, kind, scheme) => {
    expect(relationOf('access.log', name)).toMatchObject({ kind, stamp: { scheme } });
  });

  it.each([
    'access.log',
    'access.log2',
    'other_access.log',
    'access.log.offset',
    'access.log.1.swp',
    'access.log~',
    'access.log.bak',
    'access.log-old',
    'access-2.log',
    'myaccess.log.1',
    'error.log.1',
    'x__access.log',
    'access.log-',
  ])('%s is none', (name) => {
    expect(relationOf('access.log', name)).toBeUndefined();
  });

  it('are those that docs/rotation.md lists', async () => {
    const page = await readFile(new URL('../../docs/rotation.md', import.meta.url), 'utf8');
    const table = page.slice(0, page.indexOf('## Which of them'));
    const listed = [...table.matchAll(/^ *\| `([^`]+)` +\|/gm)].map(([, name]) => name ?? '');
    expect(listed.length).toBeGreaterThan(8);
    expect(listed.filter((name) => relationOf('access.log', name) === undefined)).toEqual([]);
    expect(listed.filter((name) => relationOf('access.log', `${name}.gz`) === undefined)).toEqual([]);
    expect(listed.filter((name) => relationOf('access.log', `${name}.zst`) === undefined)).toEqual([]);
    expect(listed.filter((name) => !basesOf(name).includes('access.log'))).toEqual([]);
  });

  it('lead back to the names that their logs may have', () => {
    expect(basesOf('access.log.1.gz')).toEqual(['access.log.1', 'access.log']);
    expect(basesOf('2026-11-20_15-00-00__access.log.tar.gz')).toContain('access.log');
    expect(basesOf('access.log.old')).toEqual([]);
  });

  it('a log without an extension has relatives, too', () => {
    expect(relationOf('access_log', 'access_log.3')).toMatchObject({ kind: 'plain' });
    expect(relationOf('access_log', 'access_log-20261120')).toMatchObject({ kind: 'plain' });
    expect(relationOf('access_log', 'access_log2')).toBeUndefined();
  });

  it('are ordered by last write, then by what they say', () => {
    const names = [
      file('access.log.1', 5n),
      file('access.log.10', 5n),
      file('access.log.2', 5n),
      file('access.log.3.gz', 9n),
      file('access.log-20261120', 1n),
      file('access.log-20261119', 1n),
    ].toSorted(byAge);
    expect(names.map(({ path }) => path)).toEqual([
      'access.log-20261119',
      'access.log-20261120',
      'access.log.10',
      'access.log.2',
      'access.log.1',
      'access.log.3.gz',
    ]);
  });

  it('say nothing about each other when they follow different schemes', () => {
    expect(namedAfter({ scheme: 'number', value: '1' }, { scheme: 'date', value: '20261120' })).toBe(false);
    expect(namedAfter({ scheme: 'date', value: '20261120' }, { scheme: 'number', value: '1' })).toBe(false);
  });

  it('of compressed files are known, whoever compressed them', () => {
    expect(['a.gz', 'a.tar.gz', 'a.zst', 'a.bz2', 'a.xz'].every(isPackedName)).toBe(true);
    expect(['a.log', 'a.log.1', 'gz'].some(isPackedName)).toBe(false);
  });
});
