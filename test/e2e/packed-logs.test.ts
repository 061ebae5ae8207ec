/** Logs that are packed where plain ones are expected, and in ways that are not read. */
import { execFileSync } from 'node:child_process';
import { appendFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { idsOf, linesOf } from '../support/lines.ts';
import { Daemon, statusOf, tailmeter } from '../support/tailmeter.ts';
import { Workplace } from '../support/workplace.ts';

const RULE = {
  event_transaction_id: '${request_id}',
  event_subscription_id: '${http_x_consumer_username}',
};

async function workplace(path = 'in.log'): Promise<Workplace> {
  const w = await Workplace.create();
  await w.configure({ sources: [{ path }], rules: [RULE] });
  return w;
}

const inTar = (w: Workplace, archive: string, flags: string, name: string): void => {
  execFileSync('tar', [...flags.split(' '), join(w.logs, archive), '-C', w.logs, name]);
};

const ids = ({ sandbox }: Workplace): string[] => sandbox.store.transactionIds().toSorted();

async function sparse(w: Workplace, format: string): Promise<void> {
  const file = join(w.logs, 'holes');
  await writeFile(file, linesOf('a', 5));
  await truncate(file, 1 << 20);
  await appendFile(file, linesOf('b', 5));
  inTar(w, `${format}.tar.gz`, `--format=${format} -czSf`, 'holes');
}

describe('a followed path that the gateway writes as gzip', () => {
  test.each(['access.log.gz', 'access.log', '*.gz', 'acc*'])(
    'is refused by check and preview, and said by the daemon; a replay bills it (%s)',
    async (path) => {
      await using w = await workplace(path);
      const log = join(w.logs, path === 'access.log' || path === 'acc*' ? 'access.log' : 'access.log.gz');
      await writeFile(log, gzipSync(linesOf('a', 5)));
      for (const command of ['check', 'preview']) {
        const outcome = await tailmeter([command, '-c', w.config]);
        expect(outcome).toMatchObject({ code: 2, stdout: '' });
        expect(outcome.stderr).toContain('sources[0].path: ');
        expect(outcome.stderr).toContain('tailmeter replay reads what is');
      }

      const daemon = await Daemon.start(w.config);
      expect(await daemon.logged(({ event }) => event === 'log_packed')).toMatchObject({ level: 'error' });
      await appendFile(log, gzipSync(linesOf('b', 5)));
      expect(await daemon.stop()).toBe(0);
      expect(daemon.log.filter(({ event }) => event === 'log_packed')).toHaveLength(1);
      expect((await statusOf(w.config)).sources[0]).toMatchObject({ lines: 0, dead: 0 });

      const replay = await tailmeter(['replay', '-c', w.config, log]);
      expect(replay).toMatchObject({ code: 0 });
      expect(ids(w)).toEqual([...idsOf('a', 5), ...idsOf('b', 5)]);
    },
  );

  test('is read as soon as it is plain', async () => {
    await using w = await workplace();
    const log = join(w.logs, 'in.log');
    await writeFile(log, gzipSync(linesOf('a', 5)));
    const daemon = await Daemon.start(w.config);
    await daemon.logged(({ event }) => event === 'log_packed');
    await rename(log, join(w.logs, 'elsewhere'));
    await writeFile(log, linesOf('b', 5));
    await w.sandbox.store.stored(5);
    await daemon.stop();
    expect(ids(w)).toEqual(idsOf('b', 5));
  });
});

describe('a file that is packed in a way that is not read', () => {
  const TOOLS: readonly (readonly [string, string, readonly string[]])[] = [
    ['xz', 'xz', ['-c']],
    ['bz2', 'bzip2', ['-c']],
    ['lz4', 'lz4', ['-c']],
    ['zip', 'zip', ['-', '-']],
  ];

  test.each(TOOLS)(
    'is an error that names the tool, whatever its name is (%s)',
    async (ending, tool, args) => {
      await using w = await workplace();
      const packed = execFileSync(tool, args, { input: linesOf('a', 5), stdio: ['pipe', 'pipe', 'ignore'] });
      const good = join(w.logs, 'in.log.2');
      await writeFile(good, linesOf('b', 5));
      for (const name of [`in.log.1.${ending}`, 'in.log.1', 'other']) {
        await writeFile(join(w.logs, name), packed);
        for (const command of ['replay', 'preview']) {
          const outcome = await tailmeter([command, '-c', w.config, good, join(w.logs, name)]);
          expect(outcome).toMatchObject({ code: 2, stdout: '' });
          expect(outcome.stderr).toMatch(new RegExp(`${name} is packed with .* unpack it first \\(`));
        }
      }
      // Before anything is read.
      expect(ids(w)).toEqual([]);
    },
  );

  test('beside a followed log is said once, and is no dead letter', async () => {
    await using w = await workplace();
    await writeFile(join(w.logs, 'in.log'), linesOf('a', 5));
    const packed = execFileSync('xz', ['-c'], { input: linesOf('b', 5) });
    await writeFile(join(w.logs, 'in.log.2.xz'), packed);
    await writeFile(join(w.logs, 'in.log.3'), packed);
    const daemon = await Daemon.start(w.config);
    await w.sandbox.store.stored(5);
    await appendFile(join(w.logs, 'in.log'), linesOf('c', 5));
    await w.sandbox.store.stored(10);
    await daemon.stop();
    const said = daemon.log.filter(({ event }) => event === 'archive_unsupported');
    const counted = said.reduce((sum, { more }) => sum + 1 + Number(more ?? 0), 0);
    expect(counted).toBe(2);
    expect(said[0]).toMatchObject({ level: 'warn' });
    expect((await statusOf(w.config)).sources[0]).toMatchObject({ lines: 10, dead: 0 });
  });
});

describe('a log that is packed once more within what is packed', () => {
  const WAYS: readonly (readonly [string, (w: Workplace) => Promise<void>])[] = [
    [
      'x.tar.gz',
      async (w) => {
        await writeFile(join(w.logs, 'plain'), linesOf('b', 5));
        await writeFile(join(w.logs, 'usage.log.1.gz'), gzipSync(linesOf('a', 5)));
        execFileSync('tar', ['-czf', join(w.logs, 'x.tar.gz'), '-C', w.logs, 'plain', 'usage.log.1.gz']);
      },
    ],
    [
      'xz.tar.gz',
      async (w) => {
        const packed = execFileSync('xz', ['-c'], { input: linesOf('a', 5) });
        await writeFile(join(w.logs, 'any'), packed);
        inTar(w, 'xz.tar.gz', '-czf', 'any');
      },
    ],
    ['twice.gz', (w) => writeFile(join(w.logs, 'twice.gz'), gzipSync(gzipSync(linesOf('a', 5))))],
    ['zstd.gz', (w) => writeFile(join(w.logs, 'zstd.gz'), gzipSync(zstdCompressSync(linesOf('a', 5))))],
    ['gnu.tar.gz', (w) => sparse(w, 'gnu')],
    ['pax.tar.gz', (w) => sparse(w, 'pax')],
  ];

  test.each(WAYS)('is an error that names it, before anything is read (%s)', async (name, make) => {
    await using w = await workplace();
    await make(w);
    const good = join(w.logs, 'in.log.2');
    await writeFile(good, linesOf('c', 5));
    for (const command of ['replay', 'preview']) {
      const outcome = await tailmeter([command, '-c', w.config, good, join(w.logs, name)]);
      expect(outcome).toMatchObject({ code: 2, stdout: '' });
      expect(outcome.stderr).toMatch(/ holds .* (?:packed once more|sparse file).*: unpack .* first \(/);
    }
    expect(ids(w)).toEqual([]);
  });

  test.each([
    ['gzip', (bytes: string) => gzipSync(bytes)],
    ['zstd', (bytes: string) => zstdCompressSync(bytes)],
  ])('is named where it stands behind plain lines, which are billed (%s)', async (_, pack) => {
    await using w = await workplace();
    const glued = Buffer.concat([Buffer.from(linesOf('a', 5)), pack(linesOf('b', 5))]);
    for (const [name, bytes] of [
      ['glued', glued],
      ['glued.gz', gzipSync(glued)],
    ] as const) {
      await writeFile(join(w.logs, name), bytes);
      const outcome = await tailmeter(['replay', '-c', w.config, join(w.logs, name)]);
      expect(outcome).toMatchObject({ code: 2 });
      expect(outcome.stderr).toContain(`from byte ${linesOf('a', 5).length} on`);
    }
    expect(ids(w)).toEqual(idsOf('a', 5));
    expect((await statusOf(w.config)).sources[0]?.dead ?? 0).toBe(0);
  });

  test('is said of a rotated file of a followed log, and is no dead letter', async () => {
    await using w = await workplace();
    await writeFile(join(w.logs, 'in.log'), linesOf('a', 5));
    await writeFile(join(w.logs, 'in.log.1.gz'), gzipSync(gzipSync(linesOf('b', 5))));
    const daemon = await Daemon.start(w.config);
    await w.sandbox.store.stored(5);
    expect(await daemon.logged(({ event }) => event === 'archive_unsupported')).toMatchObject({
      level: 'warn',
    });
    await daemon.stop();
    expect((await statusOf(w.config)).sources[0]).toMatchObject({ lines: 5, dead: 0 });
  });
});

test('rotated files that zstd packed are found by content and read on', async () => {
  await using w = await workplace();
  const log = join(w.logs, 'in.log');
  await writeFile(log, linesOf('a', 5));
  const first = await Daemon.start(w.config);
  await w.sandbox.store.stored(5);
  await first.stop();
  await appendFile(log, linesOf('b', 5));
  execFileSync('zstd', ['-q', '--check', '--rm', log, '-o', `${log}.1.zst`]);
  await writeFile(log, linesOf('c', 5));
  const second = await Daemon.start(w.config);
  await w.sandbox.store.stored(15);
  await second.stop();
  expect(ids(w)).toEqual(['a', 'b', 'c'].flatMap((name) => idsOf(name, 5)));
  expect((await statusOf(w.config)).sources[0]).toMatchObject({ lines: 15, dead: 0 });
});
