import { describe, expect, it } from 'vitest';
import { IdSalt, saltProblem } from '../../src/map/id-salt.ts';
import { logId } from '../../src/map/log-id.ts';
import { Twins } from './fast/harness.ts';
import { GENERATION, rule } from './harness.ts';

const LINE = Buffer.from('{"a":1}');
const followed = (path: string): string => path.replace(/\.\d+$/, '');
const idOf = (salt: IdSalt | undefined, changes: Partial<typeof GENERATION> = {}): string =>
  logId(LINE, 0, LINE.length, { generation: { ...GENERATION, ...changes }, offset: 40 }, salt);

describe('a salt', () => {
  it('gives equal lines of two logs different ids, and that of a rotated file the id that it had', () => {
    const salt = new IdSalt('gateway-1 ${file}', followed);
    const a = idOf(salt, { path: '/a.log', ino: '1' });
    expect(a).toMatch(/^[0-9a-f]{32}$/);
    expect(idOf(salt, { path: '/b.log', ino: '2' })).not.toBe(a);
    expect(idOf(new IdSalt('gateway-1 ${file}', followed), { path: '/a.log.1', ino: '9' })).toBe(a);
    expect(idOf(new IdSalt('gateway-2 ${file}', followed), { path: '/a.log' })).not.toBe(a);
    expect(idOf(undefined)).not.toBe(a);
  });

  it('keeps the path of a file that is renamed to a name that says nothing', () => {
    const salt = new IdSalt('${file}', followed);
    const before = idOf(salt, { path: '/a.log' });
    expect(idOf(salt, { path: '/kept for later' })).toBe(before);
    // Archives have no inode: only their names tell them apart.
    const packed = { dev: '', ino: '' };
    expect(idOf(salt, { ...packed, path: '/a.log' })).toBe(before);
    expect(idOf(salt, { ...packed, path: '/b.log' })).not.toBe(before);
  });

  it('may hold ${file} and no other variable', () => {
    expect(saltProblem('x ${file} $y ${file}')).toBeUndefined();
    expect(saltProblem('${host}')).toContain('${host}');
  });

  it('means the same on every path of the mapper', () => {
    const twins = new Twins({
      rules: [
        rule({ event_transaction_id: '${log_id}' }),
        rule({ name: 'b', event_transaction_id: 'b${log_id}' }),
      ],
      match: 'all',
      destinations: ['lago'],
      format: 'json',
      salt: new IdSalt('${file}', followed),
    });
    for (let i = 0; i < 3; i++) {
      const { fast, plain } = twins.map('{"sub":"s","t":1}', 40);
      expect(fast).toEqual(plain);
      expect(fast.events).toHaveLength(2);
    }
  });
});
