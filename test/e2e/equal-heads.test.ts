/** Logs whose first 1,024 bytes are equal, as those of one polling client are: each of them is billed, once. */
import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { idsOf, linesOf } from '../support/lines.ts';
import { Scenario } from '../support/scenario.ts';
import { Daemon, statusOf, tailmeter } from '../support/tailmeter.ts';

const HEAD = `{"request_headers":"${'c29tZXNlc3Npb24'.repeat(80)}",`;
const calls = (name: string, count: number): string => linesOf(name, count).replaceAll(/^\{/gm, HEAD);

async function scenario(): Promise<{ s: Scenario; log: string }> {
  const s = await Scenario.start();
  const logs = join(s.root, 'logs');
  await mkdir(logs);
  const log = join(logs, 'kong.log');
  await s.configure({ source: { path: log } });
  return { s, log };
}

const billed = ({ sandbox }: Scenario): string[] => sandbox.store.transactionIds().toSorted();

test('all calls of logs that begin alike are billed after several rotations while nobody looked', async () => {
  const { s, log } = await scenario();
  await using _ = s;
  await writeFile(log, calls('a', 10));
  const first = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);
  await first.stop();

  await appendFile(log, calls('b', 10));
  await rename(log, `${log}.3`);
  await writeFile(`${log}.2`, calls('c', 10));
  await writeFile(`${log}.1`, calls('d', 10));
  await writeFile(log, calls('e', 10));
  const second = await Daemon.start(s.config);
  await s.sandbox.store.stored(50);
  await second.stop();
  expect(billed(s)).toEqual(['a', 'b', 'c', 'd', 'e'].flatMap((name) => idsOf(name, 10)).toSorted());

  // They stay apart in the books: nothing is read again, and the audit finds each of them.
  const third = await Daemon.start(s.config);
  await appendFile(log, calls('f', 1));
  await s.sandbox.store.stored(51);
  await third.stop();
  expect((await statusOf(s.config)).sources[0]).toMatchObject({ lines: 51, mapped: 51 });
  const { code, stdout } = await tailmeter(['audit', '--config', s.config]);
  expect({ code, stdout }).toMatchObject({ code: 0 });
});

test('another log that begins alike is read from its beginning, and what is gone is told', async () => {
  const { s, log } = await scenario();
  await using _ = s;
  await writeFile(log, calls('a', 10));
  const first = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);
  await first.stop();

  await appendFile(log, calls('b', 10));
  await rm(log);
  await writeFile(log, calls('c', 30));
  const second = await Daemon.start(s.config);
  await s.sandbox.store.stored(40);
  await second.logged(({ event }) => event === 'lines_lost');
  await second.stop();
  expect(billed(s)).toEqual([...idsOf('a', 10), ...idsOf('c', 30)].toSorted());
});
