import { appendFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDeadLetters } from '../support/dead-letters.ts';
import { sendRequests } from '../support/load.ts';
import { Scenario } from '../support/scenario.ts';
import { Daemon, statusOf, tailmeter } from '../support/tailmeter.ts';

test('SIGTERM seals what was read, writes the checkpoint and exits with 0; the next start sends nothing twice', async () => {
  await using s = await Scenario.start();
  // Long timeouts: only the seal at the end can make these lines durable.
  await s.configure({ destination: { inactive_timeout: 600, buffer_duration: 600 } });
  const daemon = await Daemon.start(s.config);
  await sendRequests(s.gateway.url, 100);
  await s.gateway.stop();
  for (;;) {
    const { sources } = await statusOf(s.config);
    if (sources[0]?.lines === 100) break;
  }
  expect(await daemon.stop('SIGTERM')).toBe(0);

  const rest = await statusOf(s.config);
  expect(rest.sources[0]).toMatchObject({ lines: 100, mapped: 100, lag_bytes: 0 });
  const again = await Daemon.start(s.config);
  await s.sandbox.store.stored(100);
  expect(await again.stop('SIGINT')).toBe(0);
  const { destinations } = await statusOf(s.config);
  expect(destinations[0]).toMatchObject({ events: 100, delivered: 100, duplicates: 0, pending: 0 });
  expect(await readdir(join(s.state, 'spool', 'lago'))).toEqual([]);
});

test('a second process on the same state directory is refused and told which one has it', async () => {
  await using s = await Scenario.start();
  const daemon = await Daemon.start(s.config);
  const second = await tailmeter(['run', '--config', s.config]);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`pid ${daemon.pid}`);
  expect(await tailmeter(['status', '--config', s.config, '--live'])).toMatchObject({ code: 0 });
  await daemon.kill();
  expect(await tailmeter(['status', '--config', s.config, '--live'])).toMatchObject({ code: 1 });
  const third = await Daemon.start(s.config);
  await third.stop();
});

test('the state is for its owner only', async () => {
  await using s = await Scenario.start();
  const daemon = await Daemon.start(s.config);
  await sendRequests(s.gateway.url, 10);
  await s.sandbox.store.stored(10);
  await daemon.stop();
  const modes = new Set<string>();
  for (const entry of await readdir(s.state, { recursive: true, withFileTypes: true })) {
    const { mode } = await stat(join(entry.parentPath, entry.name));
    modes.add(`${entry.isDirectory() ? 'folder' : 'file'} ${(mode & 0o777).toString(8)}`);
  }
  expect([...modes].toSorted()).toEqual(['file 600', 'folder 700']);
  expect((await stat(s.state)).mode & 0o777).toBe(0o700);
});

test('lines that cannot be billed become dead letters, once, also when a crash makes them be read again', async () => {
  await using s = await Scenario.start();
  const bad = [
    'no json',
    '{"msec":1790000000.5,"request_time":0,"request_id":"x","status":200,"uri":"/"}',
    '{"request_id":"y","http_x_consumer_username":"jack_test","status":200,"uri":"/"}',
  ];
  await appendFile(s.gateway.logFile, `${bad.join('\n')}\n`);
  let daemon = await Daemon.start(s.config);
  await daemon.logged(({ event }) => event === 'line_dead');
  await daemon.kill();
  daemon = await Daemon.start(s.config);
  await sendRequests(s.gateway.url, 10);
  await s.sandbox.store.stored(10);
  await daemon.stop();

  const letters = await readDeadLetters(s.state);
  expect(letters.map(({ reason, line }) => [reason, line])).toEqual([
    ['not_json', bad[0]],
    ['missing_subscription', bad[1]],
    ['missing_timestamp', bad[2]],
  ]);
  const { sources } = await statusOf(s.config);
  expect(sources[0]).toMatchObject({ lines: 13, dead: 3, mapped: 10, skipped: 0 });
});

test('an event that Lago refuses becomes a dead letter with its answer; the rest of the batch is delivered', async () => {
  await using s = await Scenario.start();
  s.sandbox.faults.next(1, {
    kind: 'answer',
    status: 422,
    body: {
      status: 422,
      error: 'Unprocessable Entity',
      code: 'validation_errors',
      error_details: { 3: { code: ['value_is_mandatory'] } },
    },
  });
  await sendRequests(s.gateway.url, 10);
  const daemon = await Daemon.start(s.config);
  await s.sandbox.store.stored(9);
  await daemon.stop();

  const [letter, ...others] = await readDeadLetters(s.state);
  expect(others).toEqual([]);
  expect(letter).toMatchObject({ reason: 'rejected', destination: 'lago', answer: { status: 422 } });
  expect(letter?.event).toMatchObject({ external_subscription_id: 'jack_test', code: 'test' });
  const { destinations } = await statusOf(s.config);
  expect(destinations[0]).toMatchObject({ events: 10, delivered: 9, dead: 1, pending: 0 });
});
