/** Packed logs that are damaged, end to end: what no request wrote is never billed, and what is missing is said. */
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { randomFrom } from '../support/random.ts';
import { idsOf, lineOf, linesOf } from '../support/lines.ts';
import { Daemon, statusOf, tailmeter } from '../support/tailmeter.ts';
import { Workplace } from '../support/workplace.ts';

const RULE = {
  event_transaction_id: '${request_id}',
  event_subscription_id: '${http_x_consumer_username}',
  event_properties: { bytes: '${body_bytes_sent}' },
};

async function workplace(): Promise<Workplace> {
  const w = await Workplace.create();
  await w.configure({ rules: [RULE] });
  return w;
}

const zstd = (text: string, checksum: 0 | 1): Buffer =>
  zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: checksum } });

const ids = ({ sandbox }: Workplace): string[] => sandbox.store.transactionIds().toSorted();

describe('a replay', () => {
  test('of members of which one is cut off bills those before it, and says which bytes it leaves', async () => {
    await using w = await workplace();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => gzipSync(linesOf(name, 50))) as [Buffer, Buffer, Buffer];
    const file = join(w.logs, 'in.log.1.gz');
    // NGINX writes gzip itself, is killed, and a new one appends.
    const packed = Buffer.concat([a, b.subarray(0, b.length >> 1), c]);
    await writeFile(file, packed);
    const outcome = await tailmeter(['replay', '-c', w.config, file]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(
      `packed bytes ${a.length} to ${packed.length} (unpacked from byte ${linesOf('a', 50).length} on) do not verify`,
    );
    expect(outcome.stderr).toContain('"event":"archive_damaged"');
    expect(ids(w)).toEqual(idsOf('a', 50).toSorted());

    const shown = await tailmeter(['preview', '-c', w.config, file]);
    expect(shown.code).toBe(1);
    expect(shown.stdout.trim().split('\n')).toHaveLength(50);

    // The whole copy brings the rest, and nothing twice.
    await writeFile(file, Buffer.concat([a, b, c]));
    expect((await tailmeter(['replay', '-c', w.config, file])).code).toBe(0);
    expect(ids(w)).toEqual(['a', 'b', 'c'].flatMap((name) => idsOf(name, 50)).toSorted());
  });

  test('of a file with one flipped bit bills no event with values that no request had', async () => {
    await using w = await workplace();
    const lines = Array.from({ length: 3000 }, (_, i) =>
      lineOf(`r-${i}`, { body_bytes_sent: 100 + i, msec: 1_790_000_000 + i }),
    );
    const packed = gzipSync(lines.join(''));
    const random = randomFrom(35);
    const file = join(w.logs, 'in.log.1.gz');
    for (let round = 0; round < 5; round++) {
      const copy = Buffer.from(packed);
      copy[20 + Math.floor(random() * (copy.length - 28))]! ^= 1 << Math.floor(random() * 8);
      await writeFile(file, copy);
      const shown = await tailmeter(['preview', '-c', w.config, file]);
      expect(shown).toMatchObject({ code: 1, stdout: '' });
    }
  });

  test('bills what does not verify when it is told to, marked in the log, the outcome and the state', async () => {
    await using w = await workplace();
    const file = join(w.logs, 'in.log.1.gz');
    const [a, b] = [gzipSync(linesOf('a', 5)), gzipSync(linesOf('b', 5))];
    b.writeUInt32LE(0, b.length - 8);
    await writeFile(file, Buffer.concat([a, b]));
    const command = ['replay', '-c', w.config, file];
    expect((await tailmeter(command)).code).toBe(1);
    expect(ids(w)).toEqual(idsOf('a', 5));

    const dry = await tailmeter([...command, '--dry-run', '--accept-damaged']);
    expect(dry.stdout).toContain('unverified: 5 lines');
    const accepted = await tailmeter([...command, '--accept-damaged']);
    const from = linesOf('a', 5).length;
    const to = from + linesOf('b', 5).length;
    expect(accepted).toMatchObject({ code: 0 });
    expect(accepted.stderr).toContain('"event":"unverified_accepted"');
    expect(accepted.stdout).toContain(`unverified: 5 lines of ${file}, bytes ${from} to ${to} (unpacked)`);
    expect(accepted.stdout).toContain('5 lines read: 0 skipped, 0 dead letters, 5 events');
    expect(ids(w)).toEqual([...idsOf('a', 5), ...idsOf('b', 5)]);

    const noted = await readFile(join(w.state, 'replay', 'unverified.ndjson'), 'utf8');
    const last: unknown = JSON.parse(noted.trim().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({ path: file, from, to, lines: 5, reason: 'incorrect data check' });
    const audit = await tailmeter(['audit', '-c', w.config]);
    expect(audit.stdout).toContain(
      `${file}, bytes ${from} to ${to}: 5 lines were billed though they do not verify`,
    );
  });

  test('of zstd reads frames with a checksum; those without one only when it is told to', async () => {
    await using w = await workplace();
    const file = join(w.logs, 'in.log.1.zst');
    await writeFile(file, Buffer.concat([zstd(linesOf('a', 5), 1), zstd(linesOf('b', 5), 0)]));
    const outcome = await tailmeter(['replay', '-c', w.config, file]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('zstd --check');
    expect(ids(w)).toEqual(idsOf('a', 5));
    const accepted = await tailmeter(['replay', '-c', w.config, '--accept-damaged', file]);
    expect(accepted).toMatchObject({ code: 0 });
    expect(ids(w)).toEqual([...idsOf('a', 5), ...idsOf('b', 5)]);
  });
});

test('the daemon bills nothing of a damaged rotated file, says so, and reads it when it is replaced by a whole one', async () => {
  await using w = await workplace();
  const log = join(w.logs, 'in.log');
  await writeFile(log, linesOf('old', 1));
  const first = await Daemon.start(w.config);
  await w.sandbox.store.stored(1);
  await first.stop();
  await appendFile(log, linesOf('late', 49));
  const a = gzipSync(await readFile(log));
  const b = gzipSync(linesOf('more', 50));
  await rm(log);
  await writeFile(log, linesOf('new', 1));
  await writeFile(`${log}.1.gz`, Buffer.concat([a, b.subarray(0, b.length >> 1), b]));

  const daemon = await Daemon.start(w.config);
  const said = await daemon.logged(({ event }) => event === 'archive_damaged');
  expect(said).toMatchObject({
    level: 'error',
    path: `${log}.1.gz`,
    from: a.length,
    unpacked_from: linesOf('old', 1).length + linesOf('late', 49).length,
  });
  await w.sandbox.store.stored(51);
  const expected = [...idsOf('old', 1), ...idsOf('late', 49), ...idsOf('new', 1)];
  expect(ids(w)).toEqual(expected.toSorted());

  await writeFile(`${log}.1.gz`, Buffer.concat([a, b]));
  await w.sandbox.store.stored(101);
  expect(await daemon.stop()).toBe(0);
  expect(ids(w)).toEqual([...expected, ...idsOf('more', 50)].toSorted());
  expect((await statusOf(w.config)).sources[0]).toMatchObject({ lines: 101, dead: 0 });
});
