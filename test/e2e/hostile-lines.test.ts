/** What stands in a log, end to end: nothing that is written stalls the daemon, and each line has an outcome. */
import { appendFile, open, rename, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { DeadReason } from '../../src/types.ts';
import { readDeadLetters } from '../support/dead-letters.ts';
import { idsOf, lineOf, linesOf } from '../support/lines.ts';
import { imbalances } from '../support/outcome.ts';
import { Scenario } from '../support/scenario.ts';
import { Daemon, statusOf, statusWhen } from '../support/tailmeter.ts';

const GARBAGE_BYTES = 640 * 1024 ** 2;
const PIECE_BYTES = 8 * 1024 ** 2;
/** A fresh daemon takes about 100 MiB; the garbage is six times this. */
const MEMORY_BOUND = 320 * 1024 ** 2;

test('a line of 640 MiB of garbage is one dead letter, and memory stays bounded', async () => {
  await using s = await Scenario.start();
  const log = s.gateway.logFile;
  await s.gateway.stop();
  const before = linesOf('before', 10);
  await writeFile(log, before);
  const daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);
  {
    await using file = await open(log, 'a');
    const garbage = Buffer.alloc(PIECE_BYTES, 'x');
    for (let at = 0; at < GARBAGE_BYTES; at += PIECE_BYTES) await file.write(garbage);
  }
  await appendFile(log, `\n${linesOf('after', 10)}`);
  await s.sandbox.store.stored(20);
  expect(await daemon.peakMemory()).toBeLessThan(MEMORY_BOUND);
  await daemon.stop();

  const [letter, ...others] = await readDeadLetters(s.state);
  expect(others).toEqual([]);
  expect(letter).toMatchObject({
    reason: 'line_too_long',
    offset: Buffer.byteLength(before),
    line_bytes: GARBAGE_BYTES,
  });
  expect(s.sandbox.store.transactionIds()).toEqual([...idsOf('before', 10), ...idsOf('after', 10)]);
}, 120_000);

test('a log that begins with garbage without an end is read as soon as the garbage ends', async () => {
  await using s = await Scenario.start();
  const log = s.gateway.logFile;
  await s.gateway.stop();
  await writeFile(log, Buffer.alloc(8 * 1024 * 1024, 'x'));
  const daemon = await Daemon.start(s.config);
  await statusWhen(s.config, ({ sources }) => (sources[0]?.files[0]?.size ?? 0) > 0);
  await appendFile(log, `\n${linesOf('after', 10)}`);
  await s.sandbox.store.stored(10);
  await daemon.stop();
  expect((await readDeadLetters(s.state)).map(({ reason, offset }) => [reason, offset])).toEqual([
    ['line_too_long', 0],
  ]);
});

test('each oddity in a log has its outcome: billed, skipped or a dead letter, never a stop', async () => {
  await using s = await Scenario.start();
  const log = s.gateway.logFile;
  await s.gateway.stop();
  const odd: readonly (readonly [line: string, outcome: 'billed' | 'skipped' | DeadReason])[] = [
    [`\u{ef}\u{bb}\u{bf}${lineOf('bom')}`, 'billed'],
    ['\n', 'skipped'],
    ['  \t\n', 'skipped'],
    [lineOf('crlf').replace('\n', '\r\n'), 'billed'],
    ['\r\n', 'skipped'],
    ['\0\0\0\0\n', 'not_json'],
    // A NUL within a line ends it: a hole.
    [lineOf('nul').replace(/\/get.*\n/, '/'), 'unterminated_line'],
    ['\0get"}\n', 'not_json'],
    [lineOf('bytes', { uri: '/\u00ff\u00fe' }), 'billed'],
    ['[1,2,3]\n', 'not_json'],
    ['null\n', 'not_json'],
    [`${'{"a":'.repeat(100_000)}\n`, 'not_json'],
    [`{"long":"${'x'.repeat(2 * 1024 * 1024)}"}\n`, 'line_too_long'],
    [lineOf('last'), 'billed'],
  ];
  await writeFile(log, odd.map(([line]) => line).join(''), 'latin1');
  const daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(4);
  await daemon.stop();

  const offsets = odd.map((_, i) => odd.slice(0, i).reduce((sum, [line]) => sum + line.length, 0));
  const dead = odd.flatMap(([, outcome], i) =>
    outcome === 'billed' || outcome === 'skipped' ? [] : [[outcome, offsets[i]]],
  );
  expect((await readDeadLetters(s.state)).map(({ reason, offset }) => [reason, offset])).toEqual(dead);
  expect(s.sandbox.store.transactionIds()).toEqual(['bom', 'crlf', 'bytes', 'last']);
  const status = await statusOf(s.config);
  expect(imbalances(status)).toEqual([]);
  expect(status.sources[0]).toMatchObject({ lines: 14, skipped: 3, dead: 7, mapped: 4, lag_bytes: 0 });
});

test('a last line is one when its newline comes, be it after a restart; half a line of an ended log is a dead letter', async () => {
  await using s = await Scenario.start();
  const log = s.gateway.logFile;
  await s.gateway.stop();
  const whole = lineOf('halved');
  await writeFile(log, linesOf('a', 5) + whole.slice(0, 20));
  let daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(5);
  await daemon.stop();
  await appendFile(log, whole.slice(20) + lineOf('next').slice(0, 30));
  daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(6);
  await rename(log, `${log}.1`);
  await writeFile(log, linesOf('b', 5));
  await s.sandbox.store.stored(11);
  await daemon.logged(({ event }) => event === 'line_dead');
  await daemon.stop();
  expect((await readDeadLetters(s.state)).map(({ reason, line }) => [reason, line])).toEqual([
    ['unterminated_line', lineOf('next').slice(0, 30)],
  ]);
  expect(s.sandbox.store.has('jack_test', 'halved')).toBe(true);
});
