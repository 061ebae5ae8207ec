/** Lago answers 200 to an event for a subscription that it does not have: there has to be some other sign. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Daemon, statusWhen, tailmeter } from '../support/tailmeter.ts';
import { Workplace } from '../support/workplace.ts';

test('a subscription with a space at its end is told and counted; text that a metric sums is warned of by check', async () => {
  await using work = await Workplace.create();
  await work.configure({
    rules: [
      {
        event_transaction_id: '${request_id}',
        event_properties: { seconds: '${upstream_response_time}' },
      },
    ],
  });
  const msec = Math.floor(Date.now() / 1000);
  const lines = ['acme', 'acme ', ' acme', 'a cme', 'acme '].map(
    (user, i) => `${JSON.stringify({ msec, request_id: `r${i}`, user, upstream_response_time: '0.1' })}\n`,
  );
  await writeFile(join(work.logs, 'in.log'), lines.join(''));
  const daemon = await Daemon.start(work.config);
  const told = await daemon.logged(({ event }) => event === 'padded_subscription');
  expect(told).toMatchObject({ level: 'warn', subscription: 'acme ', events: 3 });
  expect(told['msg']).toContain('nobody is billed');
  const status = await statusWhen(work.config, ({ sources }) => sources[0]?.lines === 5);
  expect(status.sources[0]?.padded_subscriptions).toBe(3);
  await daemon.stop();
  const { stderr } = await tailmeter(['check', '--config', work.config]);
  expect(stderr).toContain('rules[0].event_properties.seconds');
});
