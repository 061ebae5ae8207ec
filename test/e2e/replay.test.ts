import { execFile } from 'node:child_process';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readDeadLetters } from '../support/dead-letters.ts';
import { compareIds, requestIdsIn, requestIdsOf } from '../support/ids.ts';
import { sendRequests } from '../support/load.ts';
import { Scenario } from '../support/scenario.ts';
import { Daemon, tailmeter } from '../support/tailmeter.ts';

const run = promisify(execFile);

const line = (second: number): string =>
  `{"msec":${1_790_000_000 + second}.000,"request_time":0.000,"request_id":"r${second}","http_x_consumer_username":"jack_test","status":200,"uri":"/get"}\n`;

test('a replay of rotated logs brings exactly the events of an outage of tailmeter; a second one brings none', async () => {
  await using s = await Scenario.start({ workerProcesses: 2 });
  const daemon = await Daemon.start(s.config);
  await sendRequests(s.gateway.url, 3000);
  await s.sandbox.store.stored(3000);
  await daemon.stop();

  // Nobody meters now; the log is rotated and compressed meanwhile.
  await sendRequests(s.gateway.url, 2000);
  await rename(s.gateway.logFile, join(s.logs, 'access.log.1'));
  await s.gateway.stop();
  await run('gzip', [join(s.logs, 'access.log.1')]);
  const log = join(s.logs, 'access.log.1.gz');

  const dry = await tailmeter(['replay', '--config', s.config, '--dry-run', log]);
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.stdout).toContain('5000 lines, 5000 events');
  expect(s.sandbox.store.size).toBe(3000);

  const first = await tailmeter(['replay', '--config', s.config, log]);
  expect(first).toMatchObject({ code: 0 });
  expect(first.stdout).toContain('2000 delivered, 3000 duplicates');
  expect(compareIds(await requestIdsIn(s.logs), s.sandbox.store.transactionIds())).toEqual({
    missing: [],
    unknown: [],
  });

  const second = await tailmeter(['replay', '--config', s.config, log]);
  expect(second).toMatchObject({ code: 0 });
  expect(second.stdout).toContain('0 delivered, 5000 duplicates');
  expect(s.sandbox.store.size).toBe(5000);
});

test('a replay that cannot deliver exits with 1 and says why; a second run goes on', async () => {
  await using s = await Scenario.start();
  await sendRequests(s.gateway.url, 500);
  await s.gateway.stop();
  s.sandbox.faults.always({ kind: 'answer', status: 401, body: { status: 401, error: 'Unauthorized' } });

  const first = await tailmeter(['replay', '--config', s.config, s.gateway.logFile]);
  expect(first.code).toBe(1);
  expect(first.stdout).toMatch(/500 pending\n.*not all is settled \(lago refuses: .*401/s);

  s.sandbox.faults.always({ kind: 'reset', when: 'before' });
  const patience = ['--give-up-after', '1'];
  const next = await tailmeter(['replay', '--config', s.config, ...patience, s.gateway.logFile]);
  expect(next.code).toBe(1);
  expect(next.stdout).toContain('not all is settled (no progress for 1 s: ');

  s.sandbox.faults.clear();
  const second = await tailmeter(['replay', '--config', s.config, s.gateway.logFile]);
  expect(second).toMatchObject({ code: 0 });
  expect(second.stdout).toContain('0 lines read');
  expect(second.stdout).toContain('500 delivered, 0 duplicates');
});

/** Five requests whose events wait in one chunk; its text is changed then. */
async function leaveChunk(s: Scenario, change: (chunk: string) => string): Promise<void> {
  await sendRequests(s.gateway.url, 5);
  await s.gateway.stop();
  s.sandbox.faults.always({ kind: 'answer', status: 401, body: { status: 401, error: 'Unauthorized' } });
  await tailmeter(['replay', '--config', s.config, s.gateway.logFile]);
  s.sandbox.faults.clear();
  const folder = join(s.state, 'replay', 'spool', 'lago');
  const [name = ''] = await readdir(folder);
  await writeFile(join(folder, name), change(await readFile(join(folder, name), 'utf8')));
}

describe('a chunk that an unfinished replay left', () => {
  test('and that only a later version can read is not called settled', async () => {
    await using s = await Scenario.start();
    await leaveChunk(s, (chunk) => {
      const header = chunk.slice(0, chunk.indexOf('\n') + 1);
      const covered = header
        .slice(0, header.lastIndexOf(',"crc32"'))
        .replace(/"tailmeter_chunk":\d+/, '"tailmeter_chunk":9');
      const rest = chunk.slice(header.length);
      return `${covered},"crc32":${crc32(covered, crc32(rest))}}\n${rest}`;
    });
    const outcome = await tailmeter(['replay', '--config', s.config, s.gateway.logFile]);
    expect(outcome.stdout).toContain('5 events wait in chunks that cannot be shipped');
    expect(outcome.code).toBe(1);
  });

  test('and that is damaged is mended from the log, be it packed and elsewhere', async () => {
    await using s = await Scenario.start();
    await leaveChunk(s, (chunk) => chunk.replace('jack_test', 'jack_tesu'));
    const copy = join(s.root, 'copy.gz');
    await writeFile(copy, gzipSync(await readFile(s.gateway.logFile)));
    await rm(s.gateway.logFile);
    const outcome = await tailmeter(['replay', '--config', s.config, '--source', s.gateway.logFile, copy]);
    expect(outcome.stdout).toContain('5 delivered, ');
    expect(outcome.code).toBe(0);
  });

  test('and that is damaged, while its log is away, is not called settled; the next run brings its events', async () => {
    await using s = await Scenario.start();
    await leaveChunk(s, (chunk) => chunk.replace('jack_test', 'jack_tesu'));
    const [other, away] = [`${s.gateway.logFile}.1`, join(s.root, 'away')];
    await rename(s.gateway.logFile, away);
    await writeFile(other, line(0));
    const outcome = await tailmeter(['replay', '--config', s.config, '--source', s.gateway.logFile, other]);
    await rename(away, s.gateway.logFile);
    expect(outcome.stdout).toContain('5 events were in chunks that are damaged');
    expect(outcome.code).toBe(1);
    const next = await tailmeter(['replay', '--config', s.config, s.gateway.logFile]);
    expect(next.stdout).toContain('5 delivered, 0 duplicates');
    expect(next.code).toBe(0);
  });
});

describe('events that are lost with a chunk, while its log is away, come with the next run', () => {
  test.each([
    { what: 'another log is damaged', damaged: true, reason: '1 of the logs could not be read to the end' },
    { what: 'Lago is away, too', damaged: false, reason: 'no progress for 6 s' },
  ])('$what', async ({ damaged, reason }) => {
    await using s = await Scenario.start();
    await leaveChunk(s, (chunk) => chunk.replace('jack_test', 'jack_tesu'));
    const [other, away] = [`${s.gateway.logFile}.1.gz`, join(s.root, 'away')];
    await rename(s.gateway.logFile, away);
    await writeFile(other, gzipSync(line(0)).subarray(0, damaged ? -8 : undefined));
    if (!damaged) s.sandbox.faults.always({ kind: 'reset', when: 'before' });
    const replay = ['replay', '--config', s.config, '--give-up-after', '6', '--source', s.gateway.logFile];
    const outcome = await tailmeter([...replay, other]);
    expect(outcome.stdout).toContain(reason);
    expect(outcome.stdout).toContain('5 events were in chunks that are damaged');
    expect(outcome.code).toBe(1);

    s.sandbox.faults.clear();
    await rename(away, s.gateway.logFile);
    const next = await tailmeter([...replay, s.gateway.logFile]);
    expect(next).toMatchObject({ code: 0 });
    const ids = await requestIdsOf(s.gateway.logFile);
    expect(ids).toHaveLength(5);
    expect(s.sandbox.store.transactionIds().toSorted()).toEqual(
      [...ids, ...(damaged ? [] : ['r0'])].toSorted(),
    );
  });
});

test('--since and --until select by the time of the request', async () => {
  await using s = await Scenario.start();
  const log = join(s.logs, 'old.log');
  await writeFile(log, [0, 1, 2, 3, 4].map(line).join(''));
  const window = ['--since', '1790000001', '--until', new Date(1_790_000_003_000).toISOString()];

  const outcome = await tailmeter(['replay', '--config', s.config, ...window, log]);
  expect(outcome.stdout).toContain('5 lines read: 3 skipped, 0 dead letters, 2 events');
  expect(s.sandbox.store.transactionIds()).toEqual(['r1', 'r2']);
});

test('replaying a log twice doubles no dead letter', async () => {
  await using s = await Scenario.start();
  s.sandbox.faults.next(1, {
    kind: 'answer',
    status: 422,
    body: { status: 422, error_details: { 0: { code: ['value_is_mandatory'] } } },
  });
  const log = join(s.logs, 'old.log');
  await writeFile(log, `${line(0)}nonsense\n${line(1)}`);
  const first = await tailmeter(['replay', '--config', s.config, log]);
  expect(first.stdout).toContain('1 delivered, 0 duplicates (Lago had them), 1 refused');
  s.sandbox.faults.next(1, {
    kind: 'answer',
    status: 422,
    body: { status: 422, error_details: { 0: { code: ['value_is_mandatory'] } } },
  });
  await tailmeter(['replay', '--config', s.config, log]);
  const letters = await readDeadLetters(join(s.state, 'replay'));
  expect(letters.map(({ reason }) => reason).toSorted()).toEqual(['not_json', 'rejected']);
});

test('a log that is damaged gives nothing, and those behind it all; once mended, it is read', async () => {
  await using s = await Scenario.start();
  const [damaged, other] = [join(s.logs, 'old.1.gz'), join(s.logs, 'old.2')];
  const whole = gzipSync([0, 1, 2].map(line).join(''));
  // Behind a whole block of deflate something else begins, as where a disk was full for a while.
  const part = deflateRawSync([0, 1].map(line).join(''), { finishFlush: constants.Z_SYNC_FLUSH });
  await writeFile(damaged, Buffer.concat([whole.subarray(0, 10), part, Buffer.alloc(100, 0x07)]));
  await writeFile(other, [3, 4].map(line).join(''));
  const command = ['replay', '--config', s.config, damaged, other];

  const first = await tailmeter(command);
  expect(first.code).toBe(1);
  expect(first.stderr).toContain(`${damaged}: cannot be read further: packed bytes 0 to `);
  expect(first.stderr).toContain('do not verify: invalid block type');
  expect(first.stderr).not.toMatch(/\n\s+at /);
  expect(first.stdout).toContain('2 delivered, 0 duplicates (Lago had them), 0 refused, 0 pending');
  expect(first.stdout).toContain('not all is settled (1 of the logs could not be read to the end');
  expect(s.sandbox.store.transactionIds().toSorted()).toEqual(['r3', 'r4']);

  await writeFile(damaged, whole);
  const second = await tailmeter(command);
  expect(second).toMatchObject({ code: 0 });
  expect(second.stdout).toContain('3 delivered, 0 duplicates');
  expect(s.sandbox.store.transactionIds().toSorted()).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
});

test('a log that is not there is a clear error and leaves nothing behind', async () => {
  await using s = await Scenario.start();
  const outcome = await tailmeter(['replay', '--config', s.config, join(s.logs, 'nowhere.log')]);
  expect(outcome.code).toBe(1);
  expect(outcome.stderr).toContain('nowhere.log');
  expect(outcome.stderr).not.toMatch(/\n\s+at /);
});
