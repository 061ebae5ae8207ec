/** Which files beside a log are billed: rotated ones, whatever they are called, and no others. */
import { appendFile, copyFile, link, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lineOf } from '../support/lines.ts';
import { Daemon, statusOf, statusWhen, tailmeter, type LogEntry } from '../support/tailmeter.ts';
import { Workplace, type Work } from '../support/workplace.ts';

const line = (id: string): string => lineOf(id, { user: 'jack' });
const named =
  (event: string, path?: string) =>
  (entry: LogEntry): boolean =>
    entry.event === event && (path === undefined || entry['path'] === path);
const idsAt = ({ sandbox }: Workplace): string[] => sandbox.store.transactionIds().toSorted();

async function workplace(sources: NonNullable<Work['sources']>): Promise<Workplace> {
  const place = await Workplace.create();
  await place.configure({ sources, rules: [{ event_transaction_id: '${request_id}' }] });
  return place;
}

describe('another log whose name could be that of a rotated one', () => {
  test('is not billed when it appears beside the log and grows, is named once, and a replay of it is what bills it', async () => {
    await using place = await workplace([{ path: 'access.log' }]);
    const [log, other] = [join(place.logs, 'access.log'), join(place.logs, 'access.1.log')];
    await writeFile(log, line('a1'));
    let daemon = await Daemon.start(place.config);
    await place.sandbox.store.stored(1);
    await writeFile(other, line('x1'));
    const said = await daemon.logged(named('file_ignored', other));
    await appendFile(other, line('x2'));
    await appendFile(log, line('a2'));
    await place.sandbox.store.stored(2);
    // Rotated now: the other one does not become older by it.
    await rename(log, `${log}.1`);
    await writeFile(log, line('a3'));
    await appendFile(other, line('x3'));
    await place.sandbox.store.stored(3);
    await daemon.logged(named('generation_ended'));
    const size = (await readFile(other)).length;
    const status = await statusWhen(place.config, ({ sources }) => sources[0]?.ignored[0]?.bytes === size);
    expect(status.sources[0]?.ignored).toEqual([{ path: other, bytes: size, why: said['why'] }]);
    expect(said['why']).toBe(`it appeared while ${log} was not rotated`);
    expect(daemon.log.filter(named('file_ignored'))).toHaveLength(1);
    await daemon.stop();
    expect((await statusOf(place.config)).sources[0]?.ignored).toMatchObject([{ path: other, bytes: size }]);

    daemon = await Daemon.start(place.config);
    await daemon.logged(named('file_ignored', other));
    await appendFile(log, line('a4'));
    await place.sandbox.store.stored(4);
    expect(idsAt(place)).toEqual(['a1', 'a2', 'a3', 'a4']);

    const [, ...command] = String(said['command']).split(' ');
    expect(await tailmeter(command)).toMatchObject({ code: 0 });
    expect(idsAt(place)).toEqual(['a1', 'a2', 'a3', 'a4', 'x1', 'x2', 'x3']);
    await statusWhen(place.config, ({ sources }) => sources[0]?.ignored.length === 0);
    await daemon.stop();
    expect(place.sandbox.store.size).toBe(7);
  });

  test('is not billed when it is there at the first start and grows later, nor after a rotation and a restart', async () => {
    await using place = await workplace([{ path: 'access.log' }]);
    const [log, other] = [join(place.logs, 'access.log'), join(place.logs, 'access.8443.log')];
    await writeFile(other, line('x1'));
    await writeFile(log, line('a1'));
    let daemon = await Daemon.start(place.config);
    await place.sandbox.store.stored(1);
    await appendFile(other, line('x2'));
    await daemon.stop();
    await rename(log, `${log}.1`);
    await writeFile(log, line('a2'));
    await appendFile(other, line('x3'));
    daemon = await Daemon.start(place.config);
    expect(await daemon.logged(named('file_ignored', other))).toMatchObject({
      why: 'its number does not follow on those of the rotated files',
    });
    await appendFile(other, line('x4'));
    await appendFile(log, line('a3'));
    await place.sandbox.store.stored(3);
    await daemon.stop();
    expect(idsAt(place)).toEqual(['a1', 'a2', 'a3']);
  });

  test('belongs to the source that follows it, whichever stands first', async () => {
    await using place = await workplace([{ path: 'access.log' }, { path: 'access.1.log' }]);
    const [log, other] = [join(place.logs, 'access.log'), join(place.logs, 'access.1.log')];
    await writeFile(log, line('a1'));
    await writeFile(other, line('b1'));
    let daemon = await Daemon.start(place.config);
    await place.sandbox.store.stored(2);
    await daemon.stop();
    for (const [at, id] of [
      [log, 'a2'],
      [other, 'b2'],
    ] as const) {
      await rename(at, `${at}.1`);
      await writeFile(at, line(id));
    }
    daemon = await Daemon.start(place.config);
    await place.sandbox.store.stored(4);
    await daemon.stop();
    const { sources } = await statusOf(place.config);
    expect(sources.map(({ lines, ignored }) => [lines, ignored])).toEqual([
      [2, []],
      [2, []],
    ]);
    expect(daemon.log.filter(named('file_ignored'))).toEqual([]);
  });
});

test('what was made from a log by a copy, split or grep, while the daemon runs or is stopped, is not billed again', async () => {
  await using place = await workplace([{ path: 'access.log' }]);
  const log = join(place.logs, 'access.log');
  const lines = Array.from({ length: 8 }, (_, i) => line(`a${i}`));
  await writeFile(log, lines.join(''));
  let daemon = await Daemon.start(place.config);
  await place.sandbox.store.stored(8);
  await writeFile(`${log}.2`, lines.slice(5).join(''));
  await daemon.logged(named('file_ignored', `${log}.2`));
  await copyFile(log, `${log}.3`);
  await daemon.stop();
  await rename(log, `${log}.1`);
  // split -d, and a new log right afterwards.
  await writeFile(`${log}.00`, lines.slice(2, 4).join(''));
  await writeFile(`${log}.01`, lines.slice(4, 6).join(''));
  await writeFile(log, line('b1'));
  daemon = await Daemon.start(place.config);
  for (const part of ['.00', '.01']) {
    expect(await daemon.logged(named('file_ignored', `${log}${part}`))).toMatchObject({
      why: `its lines stand in ${log}.1`,
    });
  }
  await place.sandbox.store.stored(9);
  await daemon.stop();
  expect((await statusOf(place.config)).destinations[0]).toMatchObject({ events: 9, delivered: 9 });
});

/** What the file is called after one rotation, in the same folder. */
const NAMES = [
  'access.log.1',
  'access.log-20261120',
  'access.log-2026112015',
  'access.log-2026-11-20-1795186800',
  'access.log.20-11',
  'access.log-1120',
  'access.log_20261120_150000',
  'access.1.log',
  'access.log-2026-11-20-1795186800-server01',
  'access.log.1.old',
  'access.log.old',
  'access.log.bak',
  'old-access.log',
  'access.log.0',
  'access.log.Mon',
  '@4000000069a2c1f40f5b6d1c.s',
];

test('one rotation while the daemon is stopped is found whatever the file is called, and in another folder by `rotated`', async () => {
  const folders = NAMES.map((_, i) => `n${i}`);
  await using place = await workplace([
    ...folders.map((folder) => ({ path: join(folder, 'access.log') })),
    { path: 'olddir/access.log', rotated: ['logs/olddir/old/access.log*'] },
  ]);
  const all = [...folders, 'olddir'];
  for (const folder of all) {
    await mkdir(join(place.logs, folder));
    await writeFile(join(place.logs, folder, 'access.log'), line(`${folder}-1`));
  }
  let daemon = await Daemon.start(place.config);
  await place.sandbox.store.stored(all.length);
  await daemon.stop();
  const rotate = async (folder: string, to: string): Promise<void> => {
    const log = join(place.logs, folder, 'access.log');
    await appendFile(log, line(`${folder}-2`));
    await rename(log, join(place.logs, folder, to));
    await writeFile(log, line(`${folder}-3`));
  };
  for (const [i, name] of NAMES.entries()) await rotate(`n${i}`, name);
  // Two of them: nobody has ever seen the second file.
  const log = join(place.logs, 'olddir/access.log');
  const old = join(place.logs, 'olddir/old');
  await mkdir(old);
  await rotate('olddir', 'old/access.log.2');
  await rename(log, join(old, 'access.log.1'));
  await writeFile(log, line('olddir-4'));
  daemon = await Daemon.start(place.config);
  await place.sandbox.store.stored(3 * all.length + 1);
  await daemon.stop();
  const audit = await tailmeter(['audit', '--config', place.config]);
  expect(audit).toMatchObject({ code: 0 });
  expect(audit.stdout).not.toContain('not checked');
  expect(daemon.log.filter(named('lines_lost'))).toEqual([]);
  expect(daemon.log.filter(named('file_ignored'))).toEqual([]);
});

test('a log that went to a folder which nobody names is not found, which is said with where it was sought', async () => {
  await using place = await workplace([{ path: 'access.log', rotated: ['logs/other/*'] }]);
  const log = join(place.logs, 'access.log');
  await writeFile(log, line('a1'));
  let daemon = await Daemon.start(place.config);
  await place.sandbox.store.stored(1);
  await daemon.stop();
  await appendFile(log, line('a2'));
  await mkdir(join(place.root, 'old'));
  await rename(log, join(place.root, 'old/access.log.1'));
  await writeFile(log, line('a3'));
  daemon = await Daemon.start(place.config);
  expect(await daemon.logged(named('lines_lost'))).toMatchObject({
    path: log,
    from: line('a1').length,
    searched: [place.logs, join(place.root, 'logs/other/*')],
  });
  await place.sandbox.store.stored(2);
  await daemon.stop();
});

test.each(['access.log.old', '../old/access.log'])(
  'late lines in a log that was renamed to %s while the daemon runs are read, also after it has ended',
  async (name) => {
    await using place = await workplace([{ path: 'access.log' }]);
    const log = join(place.logs, 'access.log');
    const old = join(place.logs, name);
    await mkdir(join(place.root, 'old'));
    await writeFile(log, line('a1'));
    let daemon = await Daemon.start(place.config);
    await place.sandbox.store.stored(1);
    await rename(log, old);
    await writeFile(log, line('b1'));
    await appendFile(old, line('a2'));
    await place.sandbox.store.stored(3);
    expect(await daemon.logged(named('generation_ended'))).toMatchObject({ path: old });
    // Longer than rotate_wait after the rotation.
    await appendFile(old, line('a3'));
    await place.sandbox.store.stored(4);
    await daemon.stop();
    await appendFile(old, line('a4'));
    daemon = await Daemon.start(place.config);
    await place.sandbox.store.stored(5);
    await daemon.stop();
    expect(idsAt(place)).toEqual(['a1', 'a2', 'a3', 'a4', 'b1']);
  },
);

test('a hard link beside the log is no other log', async () => {
  await using place = await workplace([{ path: 'access.log' }]);
  const log = join(place.logs, 'access.log');
  await writeFile(log, line('a1'));
  await link(log, `${log}.1`);
  const daemon = await Daemon.start(place.config);
  await place.sandbox.store.stored(1);
  await appendFile(log, line('a2'));
  await place.sandbox.store.stored(2);
  await daemon.stop();
  expect(daemon.log.filter(named('file_ignored'))).toEqual([]);
});
