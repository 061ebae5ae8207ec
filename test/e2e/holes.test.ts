/** A writer that does not append, under copytruncate: its log begins with a hole, and every call is billed. */
import { copyFile, mkdir, open, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { idsOf, linesOf } from '../support/lines.ts';
import { Scenario } from '../support/scenario.ts';
import { Daemon, statusOf, tailmeter } from '../support/tailmeter.ts';

test('the first call after each truncation is billed, though a hole of more than a line stands before it', async () => {
  await using s = await Scenario.start();
  const logs = join(s.root, 'logs');
  await mkdir(logs);
  const log = join(logs, 'access.log');
  await s.configure({ source: { path: log, max_line_bytes: 65_536 } });
  const daemon = await Daemon.start(s.config);

  // Not O_APPEND: it writes on where it was.
  const writer = await open(log, 'w');
  await writer.write(linesOf('first', 1000));
  await s.sandbox.store.stored(1000);
  let holes = 0;
  for (const round of [1, 2, 3]) {
    await copyFile(log, `${log}.${4 - round}`);
    await truncate(log);
    await writer.write(linesOf(`round${round}`, 3));
    await s.sandbox.store.stored(1000 + 3 * round);
    holes += (await readFile(log)).indexOf('{');
  }
  await writer.close();
  await daemon.stop();
  const ids = [...idsOf('first', 1000), ...[1, 2, 3].flatMap((round) => idsOf(`round${round}`, 3))];
  expect(s.sandbox.store.transactionIds().toSorted()).toEqual(ids.toSorted());
  const { sources } = await statusOf(s.config);
  expect(sources[0]).toMatchObject({ lines: 1009, mapped: 1009, dead: 0, nul_bytes: holes });
  const told = daemon.log.filter(({ event }) => event === 'hole_skipped');
  expect(told.reduce((sum, { bytes }) => sum + Number(bytes), 0)).toBe(holes);
  expect(told).toHaveLength(3);
  const { code, stdout } = await tailmeter(['audit', '--config', s.config]);
  expect({ code, stdout }).toMatchObject({ code: 0 });
});
