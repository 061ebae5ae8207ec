/** A loss of power in the middle of a line leaves a hole there, and the gateway appends behind it: that call is billed. */
import { appendFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readDeadLetters } from '../support/dead-letters.ts';
import { idsOf, lineOf, linesOf } from '../support/lines.ts';
import { Scenario } from '../support/scenario.ts';
import { Daemon, statusOf, tailmeter } from '../support/tailmeter.ts';

const HOLE_BYTES = 3 * 1024;

test('the call behind a hole in a line is billed, and half a line before it is a dead letter', async () => {
  await using s = await Scenario.start();
  const log = s.gateway.logFile;
  await s.gateway.stop();
  const before = linesOf('before', 10);
  const half = lineOf('half').slice(0, 40);
  await writeFile(log, before + half + '\0'.repeat(HOLE_BYTES));
  const daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(10);
  // A whole line that lost nothing but its newline is a call, too.
  const lone = lineOf('lone').trimEnd();
  await appendFile(log, `${lineOf('behind')}${lone}${'\0'.repeat(100)}${linesOf('after', 10)}`);
  await s.sandbox.store.stored(22);
  await daemon.stop();
  expect(s.sandbox.store.transactionIds().toSorted()).toEqual(
    [...idsOf('before', 10), 'behind', 'lone', ...idsOf('after', 10)].toSorted(),
  );
  expect((await readDeadLetters(s.state)).map(({ reason, offset, line }) => [reason, offset, line])).toEqual([
    ['unterminated_line', Buffer.byteLength(before), half],
  ]);
  const { sources } = await statusOf(s.config);
  expect(sources[0]).toMatchObject({ lines: 23, mapped: 22, dead: 1, nul_bytes: HOLE_BYTES + 100 });
  expect(daemon.log.filter(({ event }) => event === 'hole_skipped')).toHaveLength(2);
  const { code, stdout } = await tailmeter(['audit', '--config', s.config]);
  expect({ code, stdout }).toMatchObject({ code: 0 });
});
