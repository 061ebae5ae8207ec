import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diskFs, isMissing } from '../../src/spool/state-fs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailmeter-fs-'));
});
afterEach(() => rm(folder, { recursive: true }));

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe('the real file system', () => {
  test('makes folders and files for the owner alone', async () => {
    await diskFs.makeDir(join(folder, 'a', 'b'));
    await diskFs.write(join(folder, 'a', 'b', 'written'), [Buffer.from('x')]);
    await diskFs.writeAt(join(folder, 'a', 'b', 'appended'), 0, Buffer.from('x'));
    expect(await Promise.all(['a', 'a/b'].map((name) => modeOf(join(folder, name))))).toEqual(['700', '700']);
    const files = ['written', 'appended'].map((name) => modeOf(join(folder, 'a', 'b', name)));
    expect(await Promise.all(files)).toEqual(['600', '600']);
  });

  test('makes no folder that is there, nor one where a file is', async () => {
    await diskFs.makeDir(folder);
    await writeFile(join(folder, 'file'), '');
    await expect(diskFs.makeDir(join(folder, 'file'))).rejects.toThrow('EEXIST');
  });

  test('lists names in order, and none where there is no folder', async () => {
    await Promise.all(['10', '9', 'b'].map((name) => writeFile(join(folder, name), '')));
    expect(await diskFs.list(folder)).toEqual(['10', '9', 'b']);
    expect(await diskFs.list(join(folder, 'nothing'))).toEqual([]);
    expect(await diskFs.list(join(folder, 'b'))).toEqual([]);
  });

  test('writes all parts, in place of what was there', async () => {
    const path = join(folder, 'file');
    await writeFile(path, 'something longer than what comes');
    await diskFs.write(path, [Buffer.from('one '), Buffer.alloc(0), Buffer.from('two')]);
    expect(await readFile(path, 'utf8')).toBe('one two');
    expect(await diskFs.size(path)).toBe(7);
  });

  test('writes large parts whole', async () => {
    const path = join(folder, 'file');
    const large = Buffer.alloc(5_000_000, 'x');
    await diskFs.write(path, [Buffer.from('{}\n'), large]);
    expect(await diskFs.size(path)).toBe(5_000_003);
  });

  test('writes at an offset and leaves the rest, reads from one and up to the end', async () => {
    const path = join(folder, 'file');
    await diskFs.writeAt(path, 0, Buffer.from('0123456789'));
    await diskFs.writeAt(path, 4, Buffer.from('xx'));
    expect((await diskFs.readAt(path, 3, 4)).toString()).toBe('3xx6');
    expect((await diskFs.readAt(path, 8, 100)).toString()).toBe('89');
    await diskFs.truncate(path, 5);
    expect((await diskFs.read(path)).toString()).toBe('0123x');
  });

  test('tells what is missing from what cannot be had', async () => {
    const path = join(folder, 'nothing');
    expect(await diskFs.size(path)).toBeUndefined();
    await diskFs.remove(path);
    const error = await diskFs.read(path).catch((cause: unknown) => cause);
    expect(isMissing(error)).toBe(true);
    await symlink('loop', join(folder, 'loop'));
    await expect(diskFs.size(join(folder, 'loop'))).rejects.toThrow('ELOOP');
  });

  test('renames over what is there, and removes', async () => {
    await writeFile(join(folder, 'a'), 'new');
    await writeFile(join(folder, 'b'), 'old');
    await diskFs.rename(join(folder, 'a'), join(folder, 'b'));
    await diskFs.syncDir(folder);
    expect(await readFile(join(folder, 'b'), 'utf8')).toBe('new');
    await diskFs.remove(join(folder, 'b'));
    expect(await diskFs.list(folder)).toEqual([]);
  });

  test('makes a folder below one that it may enter but not read', async () => {
    const parent = join(folder, 'closed');
    await diskFs.makeDir(parent);
    await chmod(parent, 0o300);
    await diskFs.makeDir(join(parent, 'state'));
    await chmod(parent, 0o700);
    expect(await diskFs.list(parent)).toEqual(['state']);
  });

  test('knows how much space is free', async () => {
    expect(await diskFs.freeBytes(folder)).toBeGreaterThan(0);
  });
});
