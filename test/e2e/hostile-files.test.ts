/** What happens to log files beside rotation, end to end: links, reuse, absence, denial, silence, deletion. */
import {
  appendFile,
  chmod,
  chown,
  link,
  mkdir,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { idsOf, linesOf } from '../support/lines.ts';
import { Scenario } from '../support/scenario.ts';
import { Daemon, statusOf, type LogEntry } from '../support/tailmeter.ts';

/** An NGINX is not needed here: the test itself writes the logs. */
async function scenario(sources: readonly Record<string, unknown>[]): Promise<{ s: Scenario; logs: string }> {
  const s = await Scenario.start();
  const logs = join(s.root, 'logs');
  await mkdir(logs);
  await s.configure({
    sources: sources.map((source) => ({ ...source, path: join(logs, String(source['path'])) })),
  });
  return { s, logs };
}

const ids = ({ sandbox }: Scenario): string[] => sandbox.store.transactionIds().toSorted();
const named = (wanted: string) => (entry: LogEntry) => entry.event === wanted;
const times = (daemon: Daemon, wanted: string): number => daemon.log.filter(named(wanted)).length;

test('a symbolic link that is switched to another file: the rest of the old one is read, and the new one', async () => {
  const { s, logs } = await scenario([{ path: 'access.log' }]);
  await using _ = s;
  const at = (name: string): string => join(logs, name);
  await mkdir(at('real'));
  await writeFile(at('real/monday.log'), linesOf('monday', 10));
  await symlink(at('real/monday.log'), at('access.log'));
  const daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);

  await writeFile(at('real/tuesday.log'), linesOf('tuesday', 10));
  await symlink(at('real/tuesday.log'), at('next'));
  await rename(at('next'), at('access.log'));
  // A writer that still has the old file open.
  await appendFile(at('real/monday.log'), linesOf('late', 5));
  await s.sandbox.store.stored(25);
  await daemon.stop();
  expect(ids(s)).toEqual([...idsOf('monday', 10), ...idsOf('tuesday', 10), ...idsOf('late', 5)].toSorted());
});

test('hard links that one glob matches are one log', async () => {
  const { s, logs } = await scenario([{ path: '*.log' }]);
  await using _ = s;
  await writeFile(join(logs, 'a.log'), linesOf('a', 10));
  await link(join(logs, 'a.log'), join(logs, 'b.log'));
  const daemon = await Daemon.start(s.config);
  expect(await daemon.logged(named('file_claimed_twice'))).toMatchObject({ path: join(logs, 'b.log') });
  await appendFile(join(logs, 'b.log'), linesOf('b', 10));
  await s.sandbox.store.stored(20);
  await daemon.stop();
  const { sources } = await statusOf(s.config);
  expect(sources[0]).toMatchObject({ lines: 20, mapped: 20, lag_bytes: 0 });
});

test('of two sources that match one file the first one reads it, also after a restart and a rotation', async () => {
  const { s, logs } = await scenario([{ path: 'access.log' }, { path: '*.log' }]);
  await using _ = s;
  const log = join(logs, 'access.log');
  await writeFile(log, linesOf('first', 10));
  await writeFile(join(logs, 'other.log'), linesOf('other', 10));
  let daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(20);
  await daemon.stop();
  await rename(log, `${log}.1`);
  await writeFile(log, linesOf('second', 10));
  daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(30);
  await daemon.stop();
  const { sources, destinations } = await statusOf(s.config);
  expect(sources.map(({ lines }) => lines)).toEqual([20, 10]);
  expect(destinations[0]).toMatchObject({ events: 30, delivered: 30, duplicates: 0 });
});

describe('a file that takes the inode of an old one is another log', () => {
  test.each(['while the daemon runs', 'while it is down'])('%s', async (when) => {
    const { s, logs } = await scenario([{ path: 'access.log' }]);
    await using _ = s;
    const log = join(logs, 'access.log');
    await writeFile(log, linesOf('old', 10));
    let daemon = await Daemon.start(s.config);
    await s.sandbox.store.stored(10);
    if (when === 'while it is down') await daemon.stop();
    // In place: the same inode for certain, and more bytes than were read of the old one.
    await writeFile(log, linesOf('new', 100));
    if (when === 'while it is down') daemon = await Daemon.start(s.config);
    await s.sandbox.store.stored(110);
    // Deleted and created again: the same inode or not, as the file system likes.
    await unlink(log);
    await writeFile(log, linesOf('newest', 100));
    await s.sandbox.store.stored(210);
    await daemon.stop();
    expect(ids(s)).toEqual([...idsOf('old', 10), ...idsOf('new', 100), ...idsOf('newest', 100)].toSorted());
    // Nobody can know whether the old one had more lines when it was overwritten unseen: better said than not.
    const said = daemon.log.filter(named('lines_lost')).map(({ from }) => from);
    expect(said).toEqual(when === 'while it is down' ? [Buffer.byteLength(linesOf('old', 10))] : []);
  });
});

test('folders that are missing at the start are awaited, and said to be missing once', async () => {
  const { s, logs } = await scenario([{ path: 'later/access.log' }, { path: 'apps/*/access.log' }]);
  await using _ = s;
  const daemon = await Daemon.start(s.config);
  await daemon.logged(named('file_missing'));
  await mkdir(join(logs, 'later'));
  await writeFile(join(logs, 'later/access.log'), linesOf('later', 10));
  await mkdir(join(logs, 'apps/one'), { recursive: true });
  await writeFile(join(logs, 'apps/one/access.log'), linesOf('one', 10));
  await s.sandbox.store.stored(20);
  await rm(join(logs, 'later'), { recursive: true });
  await mkdir(join(logs, 'later'));
  await writeFile(join(logs, 'later/access.log'), linesOf('again', 10));
  await s.sandbox.store.stored(30);
  await daemon.stop();
  expect(ids(s)).toEqual([...idsOf('later', 10), ...idsOf('one', 10), ...idsOf('again', 10)].toSorted());
});

test('a log that may not be read for a while is read then, also what was rotated away meanwhile', async () => {
  const { s, logs } = await scenario([{ path: 'access.log' }]);
  await using _ = s;
  const log = join(logs, 'access.log');
  // Nothing is denied to root.
  const nobody = process.getuid?.() === 0 ? 65_534 : undefined;
  if (nobody !== undefined) {
    await chmod(s.root, 0o755);
    await mkdir(s.state);
    await chown(s.state, nobody, nobody);
  }
  await writeFile(log, linesOf('one', 10));
  const daemon = await Daemon.start(s.config, {}, nobody);
  await s.sandbox.store.stored(10);

  await rename(log, `${log}.1`);
  await writeFile(log, linesOf('two', 10));
  await chmod(log, 0);
  await daemon.logged(named('file_unreadable'));
  await rename(log, `${log}.2`);
  await rename(`${log}.1`, `${log}.3`);
  await writeFile(log, linesOf('three', 10));
  await s.sandbox.store.stored(20);
  await chmod(`${log}.2`, 0o644);
  await s.sandbox.store.stored(30);
  await daemon.stop();
  expect(ids(s)).toEqual([...idsOf('one', 10), ...idsOf('two', 10), ...idsOf('three', 10)].toSorted());
  expect(times(daemon, 'lines_lost')).toBe(0);
});

test('on a file system without events the poll finds everything', async () => {
  const { s, logs } = await scenario([{ path: '*.log' }]);
  await using _ = s;
  const silent = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
    fs.watch = () => { throw Object.assign(new Error('no events here'), { code: 'ENOSYS' }); }; syncBuiltinESMExports();`;
  const daemon = await Daemon.start(s.config, {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(silent)}`,
  });
  const log = join(logs, 'access.log');
  await writeFile(log, linesOf('one', 10));
  await s.sandbox.store.stored(10);
  await appendFile(log, linesOf('two', 10));
  await rename(log, `${log}.1`);
  await writeFile(log, linesOf('three', 10));
  await s.sandbox.store.stored(30);
  await truncate(log);
  await appendFile(log, linesOf('four', 10));
  await s.sandbox.store.stored(40);
  await daemon.stop();
  expect(new Set(ids(s)).size).toBe(40);
});

test('lines that were deleted before anyone could read them are told with file and byte range', async () => {
  const { s, logs } = await scenario([{ path: 'access.log' }]);
  await using _ = s;
  const log = join(logs, 'access.log');
  const [read, unread] = [linesOf('read', 10), linesOf('unread', 10)];
  await writeFile(log, read);
  let daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);
  await daemon.stop();
  await appendFile(log, unread);
  await unlink(log);
  await writeFile(log, linesOf('new', 10));
  daemon = await Daemon.start(s.config);
  expect(await daemon.logged(named('lines_lost'))).toMatchObject({
    level: 'error',
    path: log,
    from: Buffer.byteLength(read),
  });
  await s.sandbox.store.stored(20);
  await daemon.stop();
  expect(ids(s)).toEqual([...idsOf('new', 10), ...idsOf('read', 10)].toSorted());
});
