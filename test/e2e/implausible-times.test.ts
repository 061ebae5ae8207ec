/** Times that cannot be, as clocks and formats give them: none of them is billed in a period that never comes. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDeadLetters } from '../support/dead-letters.ts';
import { imbalances } from '../support/outcome.ts';
import { Daemon, statusOf, tailmeter } from '../support/tailmeter.ts';
import { Workplace } from '../support/workplace.ts';

test('a time that cannot be is a dead letter, in the daemon, in preview and in replay, which takes old ones when told to', async () => {
  await using work = await Workplace.create();
  await work.configure({ rules: [{ event_properties: { case: '${case}' } }] });
  const now = Math.floor(Date.now() / 1000);
  const year = new Date().getUTCFullYear();
  const fields: readonly (readonly [name: string, fields: object, isBilled: boolean])[] = [
    ['seconds', { msec: now + 0.25 }, true],
    ['milliseconds', { msec: now * 1000 + 250 }, true],
    ['a date of digits', { timestamp: '20251130' }, false],
    ['date and time of digits', { timestamp: '20251130105320' }, false],
    ['a duration', { time: '0.123' }, false],
    ['a clock not set yet', { time_iso8601: '1970-01-01T00:00:12+00:00' }, false],
    ['zero', { msec: 0 }, false],
    ['two years ago', { time_iso8601: `${year - 2}-01-30T02:30:00+02:00` }, false],
    ['next year', { time_iso8601: `${year + 2}-01-30T02:30:00+02:00` }, false],
    ['year 9999', { time_iso8601: '9999-12-31T23:59:59+00:00' }, false],
  ];
  const lines = fields.map(([name, more]) => `${JSON.stringify({ case: name, user: 'a', ...more })}\n`);
  const log = join(work.logs, 'in.log');
  await writeFile(log, lines.join(''));

  const preview = await tailmeter(['preview', '--config', work.config]);
  expect(preview.stdout.split('\n').length - 1).toBe(2);
  expect(preview.stderr).toContain('implausible_timestamp: 8');
  expect((await tailmeter(['preview', '--config', work.config, '--allow-old'])).stderr).toContain(
    'implausible_timestamp: 3',
  );

  const daemon = await Daemon.start(work.config);
  await work.sandbox.store.stored(2);
  await daemon.stop();
  const letters = await readDeadLetters(work.state);
  expect(letters.map(({ reason }) => reason)).toEqual(Array<string>(8).fill('implausible_timestamp'));
  const named = letters.map(({ line = '' }) => (JSON.parse(line) as { case: string }).case);
  expect(named).toEqual(fields.flatMap(([name, , isBilled]) => (isBilled ? [] : [name])));
  expect(imbalances(await statusOf(work.config))).toEqual([]);
  const audit = await tailmeter(['audit', '--config', work.config]);
  expect([audit.code, audit.stdout.includes('no differences')]).toEqual([0, true]);

  const replay = await tailmeter(['replay', '--config', work.config, '--allow-old', log]);
  expect(replay.stdout).toContain('3 dead letters');
  expect(work.sandbox.store.transactionIds().length).toBe(7);
});
