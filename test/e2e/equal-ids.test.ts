/** Two virtual hosts with a log each, lines with whole seconds and no id: equal lines at equal places. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Daemon, statusWhen, tailmeter } from '../support/tailmeter.ts';
import { Workplace } from '../support/workplace.ts';

const second = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString();
const line = (bytes: number): string =>
  `${JSON.stringify({ time: second, uri: '/v1/poll', status: 200, bytes, user: 'jack' })}\n`;
const A = line(100) + line(100) + line(100);
const B = line(100) + line(100) + line(250);

async function twoLogs(work: Workplace, source: Record<string, unknown>): Promise<void> {
  await work.configure({
    sources: [{ path: '*.log', ...source }],
    rules: [{ event_properties: { b: '${bytes}' } }],
  });
  await writeFile(join(work.logs, 'a.log'), A);
  await writeFile(join(work.logs, 'b.log'), B);
}

test('with an id_salt all six calls of two equal logs are billed, once, however their files are called', async () => {
  await using work = await Workplace.create();
  await twoLogs(work, { id_salt: '${file}' });
  const preview = await tailmeter(['preview', '--config', work.config]);
  const previewed = preview.stdout.split('\n').filter((text) => text !== '');
  let daemon = await Daemon.start(work.config);
  await work.sandbox.store.stored(6);
  await daemon.stop();
  const ids = work.sandbox.store.transactionIds().toSorted();
  expect(new Set(ids).size).toBe(6);
  expect(
    previewed.map((text) => (JSON.parse(text) as { transaction_id: string }).transaction_id).toSorted(),
  ).toEqual(ids);

  await rename(join(work.logs, 'a.log'), join(work.logs, 'a.log.1'));
  const replay = await tailmeter([
    'replay',
    '--config',
    work.config,
    join(work.logs, 'a.log.1'),
    join(work.logs, 'b.log'),
  ]);
  expect(replay.stdout).toContain('0 delivered, 6 duplicates');
  daemon = await Daemon.start(work.config);
  await daemon.stop();
  expect(work.sandbox.store.transactionIds()).toHaveLength(6);
  const audit = await tailmeter(['audit', '--config', work.config]);
  expect(audit.stdout).toContain('no differences');
});

test('without one the equal ids are reported once, with both paths and the remedy, and counted', async () => {
  await using work = await Workplace.create();
  await twoLogs(work, {});
  const daemon = await Daemon.start(work.config);
  const told = await daemon.logged(({ event }) => event === 'shared_ids');
  expect([told['path'], told['other_path']].map(String).toSorted()).toEqual(
    ['a.log', 'b.log'].map((name) => join(work.logs, name)),
  );
  expect(told['msg']).toContain('set id_salt: ${file}');
  const status = await statusWhen(work.config, ({ sources }) => sources[0]?.lines === 6);
  expect(status.sources[0]).toMatchObject({ mapped: 6, repeated: 2 });
  await daemon.stop();
  expect(daemon.log.filter(({ event }) => event === 'shared_ids' || event === 'repeated_id')).toHaveLength(1);
});
