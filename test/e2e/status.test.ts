/** What status and audit say where not all is well: what is unread, lost or not known is never told as nothing. */
import { appendFile, mkdir, readFile, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { AuditReport } from '../../src/audit/findings.ts';
import { idsOf, linesOf } from '../support/lines.ts';
import { Scenario } from '../support/scenario.ts';
import { Daemon, statusOf, statusWhen, tailmeter, type LogEntry } from '../support/tailmeter.ts';

/** An NGINX is not needed here: the test itself writes the log. */
async function scenario(
  options: Parameters<Scenario['configure']>[0] = {},
): Promise<{ s: Scenario; log: string }> {
  const s = await Scenario.start();
  await s.gateway.stop();
  const log = join(s.root, 'logs', 'access.log');
  await mkdir(join(s.root, 'logs'));
  await s.configure({ ...options, source: { path: log, rotate_wait: 0.1, ...options.source } });
  return { s, log };
}

const named = (wanted: string) => (entry: LogEntry) => entry.event === wanted;
const textOf = async (s: Scenario): Promise<string> =>
  (await tailmeter(['status', '--config', s.config])).stdout;
const bytes = (text: string): number => Buffer.byteLength(text);

async function auditOf(s: Scenario): Promise<{ code: number | null; report: AuditReport; text: string }> {
  const { code, stdout } = await tailmeter(['audit', '--config', s.config, '--json']);
  const { stdout: text } = await tailmeter(['audit', '--config', s.config]);
  return { code, report: JSON.parse(stdout) as AuditReport, text };
}

const acknowledge = (s: Scenario, ...ids: string[]): ReturnType<typeof tailmeter> =>
  tailmeter(['audit', '--config', s.config, '--acknowledge', ...ids]);

test('a log that was rotated while nobody looked is told by generation, as the next start reads it', async () => {
  const { s, log } = await scenario();
  await using _ = s;
  await writeFile(log, linesOf('a', 10));
  const daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);
  expect(await daemon.stop()).toBe(0);
  const [rest, between, last] = [linesOf('b', 5), linesOf('c', 6), linesOf('d', 7)];
  await appendFile(log, rest);
  await rename(log, `${log}.2`);
  await writeFile(`${log}.1`, between);
  await writeFile(log, last);

  const [source] = (await statusOf(s.config)).sources;
  expect(source).toMatchObject({
    lag_bytes: bytes(rest + between + last),
    unknown: [],
    files: [
      { path: `${log}.2`, offset: bytes(linesOf('a', 10)), state: 'rotated' },
      { path: `${log}.1`, offset: 0, size: bytes(between), state: 'rotated' },
      { path: log, offset: 0, size: bytes(last), state: 'live' },
    ],
  });
  expect(await textOf(s)).toContain(`${bytes(rest + between + last)} bytes behind`);
  const { code, report, text } = await auditOf(s);
  expect(code).toBe(0);
  expect(report.unread.map(({ path }) => path)).toEqual([`${log}.2`, `${log}.1`, log]);
  expect(text).toContain(`unread: ${log}.1, bytes 0 to ${bytes(between)}`);

  const next = await Daemon.start(s.config);
  await s.sandbox.store.stored(28);
  await next.stop();
  expect((await statusOf(s.config)).sources[0]).toMatchObject({ lag_bytes: 0, unknown: [] });
});

test('a log that cannot be opened is named with the reason, while the daemon runs and at rest', async () => {
  const { s, log } = await scenario();
  await using _ = s;
  // For every user, root too.
  await mkdir(log);
  const daemon = await Daemon.start(s.config);
  await daemon.logged(named('file_unreadable'));
  for (const running of [true, false]) {
    if (!running) await daemon.stop();
    const status = await statusOf(s.config);
    expect(status).toMatchObject({
      running,
      sources: [
        { lag_bytes: null, unknown: [{ path: log, reason: expect.stringContaining('regular file') }] },
      ],
    });
    const text = await textOf(s);
    expect(text).toContain('how far behind is not known');
    expect(text).toContain(`not known: ${log}: `);
    expect(text).not.toContain('0 bytes behind');
  }
});

test('a folder that cannot be read is no audit without differences', async () => {
  const { s, log } = await scenario();
  await using _ = s;
  await writeFile(log, linesOf('a', 10));
  const daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);
  await daemon.stop();
  expect(await auditOf(s)).toMatchObject({ code: 0, report: { unknown: [] } });
  const logs = join(s.root, 'logs');
  await rename(logs, `${logs}.away`);
  await symlink(logs, logs);
  const { code, report, text } = await auditOf(s);
  expect(code).toBe(1);
  expect(report.unknown.map(({ reason }) => reason).join()).toContain('ELOOP');
  expect(text).toMatch(/could not look at .*ELOOP/);
  expect(text).not.toMatch(/no differences\n/);
  expect((await statusOf(s.config)).sources[0]).toMatchObject({ lag_bytes: null });
});

test('what is delivered shows while the rest of its chunk waits', async () => {
  const { s, log } = await scenario({ destination: { batch_max_size: 10, concurrency: 2 } });
  await using _ = s;
  s.sandbox.faults.always((request) => (request > 40 ? { kind: 'answer', status: 503 } : undefined));
  await writeFile(log, linesOf('a', 1000));
  const daemon = await Daemon.start(s.config);
  const { destinations } = await statusWhen(
    s.config,
    ({ destinations: [to] }) => to !== undefined && to.delivered >= 400,
  );
  const [to] = destinations;
  expect(to?.pending).toBeGreaterThan(0);
  expect(to?.events).toBe(
    (to?.delivered ?? 0) + (to?.duplicates ?? 0) + (to?.dead ?? 0) + (to?.pending ?? 0),
  );
  s.sandbox.faults.clear();
  // A crash delivers the chunk again: no event counts twice.
  await daemon.kill();
  const next = await Daemon.start(s.config);
  const after = await statusWhen(s.config, ({ destinations: [one] }) => one?.pending === 0);
  expect(after.destinations[0]).toMatchObject({ events: 1000, dead: 0, pending: 0 });
  await next.stop();
  expect(s.sandbox.store.transactionIds()).toHaveLength(1000);
});

test('lost lines stand in the books, through kill -9, until somebody takes note of them', async () => {
  const { s, log } = await scenario();
  await using _ = s;
  await writeFile(log, linesOf('a', 10));
  const first = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);
  await first.stop();
  await appendFile(log, linesOf('unread', 10));
  await unlink(log);
  await writeFile(log, linesOf('b', 10));
  const daemon = await Daemon.start(s.config);
  const lost = await daemon.logged(named('lines_lost'));
  // It is in the books before it is told.
  await daemon.kill();

  const from = bytes(linesOf('a', 10));
  const id = String(lost['id']);
  const loss = { id, kind: 'lines', source: log, path: log, from, acknowledged: null };
  expect((await statusOf(s.config)).losses).toMatchObject([loss]);
  expect(await textOf(s)).toContain(`LOST ${id}: bytes ${from} on of ${log}`);
  const before = await auditOf(s);
  expect(before).toMatchObject({ code: 1, report: { losses: [loss] } });
  expect(before.report.differences).toMatchObject([{ scope: `source ${log}`, expected: 'delivered' }]);

  expect(await acknowledge(s, 'nonsense')).toMatchObject({ code: 2, stderr: expect.stringContaining(id) });
  // A running daemon takes it up.
  const next = await Daemon.start(s.config);
  expect(await acknowledge(s, id)).toMatchObject({ code: 0, stdout: expect.stringContaining(id) });
  expect(await acknowledge(s, id)).toMatchObject({ code: 0 });
  const noted = { ...loss, acknowledged: expect.stringContaining('T') as string };
  expect(await statusOf(s.config)).toMatchObject({ running: true, losses: [noted] });
  expect(await textOf(s)).not.toContain('LOST');
  await s.sandbox.store.stored(20);
  await next.stop();
  expect(await statusOf(s.config)).toMatchObject({ running: false, losses: [noted] });
  const after = await auditOf(s);
  expect(after).toMatchObject({ code: 0, report: { differences: [], losses: [noted] } });
  expect(after.text).toMatch(new RegExp(`acknowledged .*: ${id}`));
  const file = join(s.state, 'acknowledged.ndjson');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(3);
});

test('lost lines that turn up after all are read, and are lost no more', async () => {
  const { s, log } = await scenario();
  await using _ = s;
  await writeFile(log, linesOf('a', 10));
  const first = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);
  await first.stop();
  await appendFile(log, linesOf('late', 10));
  const away = join(s.root, 'away.log');
  await rename(log, away);
  await writeFile(log, linesOf('b', 10));
  const daemon = await Daemon.start(s.config);
  await daemon.logged(named('lines_lost'));
  expect((await statusOf(s.config)).losses).toHaveLength(1);
  await rename(away, `${log}.1`);
  await s.sandbox.store.stored(30);
  await statusWhen(s.config, ({ losses }) => losses.length === 0);
  await daemon.stop();
  expect(s.sandbox.store.transactionIds().toSorted()).toEqual(
    [...idsOf('a', 10), ...idsOf('b', 10), ...idsOf('late', 10)].toSorted(),
  );
  expect(await auditOf(s)).toMatchObject({ code: 0, report: { losses: [] } });
});

test('a daemon that does not answer is not told as one that does not run', async () => {
  const { s, log } = await scenario();
  await using _ = s;
  await writeFile(log, linesOf('a', 10));
  const daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);
  daemon.signal('SIGSTOP');
  const status = await statusOf(s.config);
  expect(status).toMatchObject({ running: true, pid: null });
  expect(await textOf(s)).toContain('running, but it does not answer');
  expect(await tailmeter(['status', '--config', s.config, '--live'])).toMatchObject({ code: 1 });
  daemon.signal('SIGCONT');
  await daemon.stop();
});

const isRoot = process.getuid?.() === 0;
test('of more logs than the process may open, as many as fit are read, and the others are told', async () => {
  const { s, log } = await scenario();
  await using _ = s;
  const folder = join(log, '..');
  await s.configure({ source: { path: join(folder, '*.log'), rotate_wait: 0.1 } });
  for (let host = 0; host < 300; host++) await writeFile(join(folder, `${host}.log`), linesOf(`h${host}`, 1));
  const daemon = await Daemon.start(s.config, {}, undefined, ['prlimit', '--nofile=256:256']);
  await s.sandbox.store.stored(160);
  // Many chunks at once may run into the limit for a moment; it does not stay so.
  const { running, sources } = await statusWhen(s.config, ({ spool }) => spool.paused.length === 0);
  expect(running).toBe(true);
  expect(sources[0]?.files).toHaveLength(160);
  expect(sources[0]?.unknown).toHaveLength(140);
  expect(sources[0]?.unknown[0]?.reason).toContain('EMFILE');
  expect(sources[0]?.lag_bytes).toBeNull();
  expect(await textOf(s)).toContain('how far behind is not known');
  expect(await daemon.stop()).toBe(0);
  const next = await Daemon.start(s.config);
  await s.sandbox.store.stored(300);
  await next.stop();
  expect((await statusOf(s.config)).sources[0]).toMatchObject({ lag_bytes: 0, unknown: [] });
});

/** Runs the rest with `$1` mounted over `$2`, where nobody else sees it, as a container does. */
const mounted = (host: string, log: string): string[] => [
  'unshare',
  '-m',
  'sh',
  '-c',
  'mount --bind "$1" "$2" && shift 2 && exec "$@"',
  'sh',
  host,
  log,
];

// Without root a host may forbid it: then test/tail/survey.test.ts has a path that leads to such a file without a mount.
test.runIf(isRoot)(
  'a file that is mounted by itself: what cannot come is said, with the remedy',
  async () => {
    const { s, log } = await scenario();
    await using _ = s;
    await mkdir(join(s.root, 'host'));
    const host = join(s.root, 'host', 'access.log');
    await writeFile(host, linesOf('a', 10));
    await writeFile(log, '');
    const daemon = await Daemon.start(s.config, {}, undefined, mounted(host, log));
    expect(await daemon.logged(named('file_mounted'))).toMatchObject({ level: 'warn', path: log });
    await s.sandbox.store.stored(10);
    expect((await statusOf(s.config)).sources[0]).toMatchObject({ lag_bytes: 0, unknown: [] });

    // The rotation on the host: what a late worker writes still comes, the new log does not.
    await rename(host, `${host}.1`);
    await writeFile(host, linesOf('new', 10));
    expect(await daemon.logged(named('file_detached'))).toMatchObject({
      level: 'error',
      path: log,
      msg: expect.stringContaining('mount its folder'),
    });
    await appendFile(`${host}.1`, linesOf('late', 5));
    await s.sandbox.store.stored(15);
    await rm(`${host}.1`);
    const [source] = (await statusOf(s.config)).sources;
    expect(source).toMatchObject({
      lag_bytes: null,
      files: [{ path: log, state: 'detached' }],
      unknown: [{ path: log, reason: expect.stringContaining('mount the folder') }],
    });
    expect(await textOf(s)).not.toContain('0 bytes behind');
    await daemon.stop();
    expect(daemon.log.filter(named('file_detached'))).toHaveLength(1);
  },
);

test('a log whose source is configured no longer is named with its unread bytes by status and audit', async () => {
  const { s, log } = await scenario();
  await using _ = s;
  await writeFile(log, linesOf('a', 10));
  const daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);
  expect(await daemon.stop()).toBe(0);
  const more = linesOf('b', 5);
  await appendFile(log, more);
  await s.configure({ source: { path: join(s.root, 'logs', 'other.log'), rotate_wait: 0.1 } });

  const offset = bytes(linesOf('a', 10));
  const found = { source: log, path: log, offset, size: offset + bytes(more) };
  expect((await statusOf(s.config)).abandoned).toMatchObject([found]);
  expect(await textOf(s)).toContain(
    `not followed: ${log}, from byte ${offset}: ${bytes(more)} bytes are unread`,
  );
  const { code, report } = await auditOf(s);
  expect(code).toBe(1);
  expect(report.unknown).toContainEqual({
    source: log,
    path: log,
    reason: expect.stringContaining(`${bytes(more)} bytes from byte ${offset} on are unread`) as string,
  });
  const next = await Daemon.start(s.config);
  expect((await statusOf(s.config)).abandoned).toMatchObject([found]);
  await next.stop();
});

test('a followed log that is packed, and a folder that is gone, are not known: audit fails, check warns of the folder', async () => {
  const { s, log } = await scenario();
  await using _ = s;
  await writeFile(log, gzipSync(linesOf('a', 10)));
  expect((await statusOf(s.config)).sources[0]).toMatchObject({
    lag_bytes: null,
    files: [],
    unknown: [{ path: log, reason: expect.stringContaining('packed') as string }],
  });
  expect((await auditOf(s)).code).toBe(1);

  const folder = join(s.root, 'logs');
  await rename(folder, join(s.root, 'gone'));
  const reason = 'the folder does not exist: mount or create it';
  expect((await statusOf(s.config)).sources[0]).toMatchObject({
    lag_bytes: null,
    unknown: [{ path: folder, reason }],
  });
  const { code, report } = await auditOf(s);
  expect(code).toBe(1);
  expect(report.unknown).toContainEqual({ source: log, path: folder, reason });
  const checked = await tailmeter(['check', '--config', s.config]);
  expect(checked.code).toBe(0);
  expect(checked.stderr).toContain(`the folder ${folder} does not exist here`);
});
