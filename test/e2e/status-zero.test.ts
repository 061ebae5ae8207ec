/** Requests that got no answer: NGINX logs them with status 000, which is below 400. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { Daemon, statusOf, tailmeter } from '../support/tailmeter.ts';
import { Workplace } from '../support/workplace.ts';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const [, block = ''] = /```yaml\n(state_dir.*?)```/s.exec(readme) ?? [];
const { rules } = parse(block) as { rules: readonly { filter: readonly unknown[] }[] };

test('the filter of the README does not bill a status of 000; check warns of one that does, and of text that is summed', async () => {
  await using work = await Workplace.create();
  const [{ filter } = { filter: [] }] = rules;
  const rule = { event_transaction_id: '${request_id}', filter };
  await work.configure({ rules: [rule] });
  const msec = Math.floor(Date.now() / 1000);
  const statuses = ['000', '"000"', '0', '200', '"200"', '399', '404', '""', '-'];
  const lines = statuses.map(
    (status, i) =>
      `{"msec":${msec}.250,"request_id":"r${i}","uri":"/v1/x","status":${status},"user":"jack"}\n`,
  );
  await writeFile(join(work.logs, 'in.log'), lines.join(''));
  expect((await tailmeter(['check', '--config', work.config])).stderr).not.toContain('000');
  const daemon = await Daemon.start(work.config);
  await work.sandbox.store.stored(3);
  await daemon.stop();
  expect(work.sandbox.store.transactionIds()).toEqual(['r3', 'r4', 'r5']);
  expect((await statusOf(work.config)).sources[0]).toMatchObject({ lines: 9, skipped: 6, mapped: 3 });

  await work.configure({
    rules: [
      {
        ...rule,
        filter: [['status', '<', 400]],
        event_properties: { seconds: '${upstream_response_time}' },
      },
    ],
  });
  const { code, stderr } = await tailmeter(['check', '--config', work.config]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/warning: .*rules\[0\]\.filter: takes status 000/);
  expect(stderr).toMatch(
    /warning: .*rules\[0\]\.event_properties\.seconds: \$\{upstream_response_time\} is no number/,
  );
});
