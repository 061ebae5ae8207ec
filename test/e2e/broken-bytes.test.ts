/** Names of subscribers with bytes that are not text: two of them must never become one. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDeadLetters } from '../support/dead-letters.ts';
import { imbalances } from '../support/outcome.ts';
import { Daemon, statusOf } from '../support/tailmeter.ts';
import { Workplace } from '../support/workplace.ts';

test('two subscribers whose names differ in a broken byte are both dead letters, and neither pays for the other', async () => {
  await using work = await Workplace.create();
  await work.configure({
    rules: [
      {
        event_transaction_id: '${request_id}',
        event_subscription_id: '${remote_user}',
        event_properties: { key: '${key}' },
      },
    ],
  });
  const msec = Math.floor(Date.now() / 1000);
  const names = [
    'Zo\u00eb',
    'Zo\u00e9',
    String.raw`Zo\xEB`,
    String.raw`Zo\xE9`,
    String.raw`\u0000`,
    String.raw`\ud83d`,
    'Zo\u00c3\u00ab',
    String.raw`Zoe\xCC\x88`,
  ];
  const lines = names.map(
    (name, i) => `{"msec":${msec}.250,"request_id":"r${i}","remote_user":"${name}","key":"\u00ff"}\n`,
  );
  await writeFile(join(work.logs, 'in.log'), lines.join(''), 'latin1');
  const daemon = await Daemon.start(work.config);
  await work.sandbox.store.stored(2);
  await daemon.stop();

  expect((await readDeadLetters(work.state)).map(({ reason }) => reason)).toEqual(
    Array<string>(6).fill('invalid_subscription'),
  );
  expect(work.sandbox.store.transactionIds()).toEqual(['r6', 'r7']);
  expect(work.sandbox.store.has('Zo\u00eb', 'r6')).toBe(true);
  const status = await statusOf(work.config);
  expect(imbalances(status)).toEqual([]);
  expect(status.sources[0]).toMatchObject({ lines: 8, dead: 6, mapped: 2 });
});
