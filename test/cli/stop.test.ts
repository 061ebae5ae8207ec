/** A signal ends the daemon also while the disk of its state refuses. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { ANY_TIME } from '../support/any-time.ts';

const INJECTOR = fileURLToPath(new URL('../support/failing-disk.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const FULL = 'ENOSPC';

interface Ending {
  readonly code: number | null;
  readonly log: string;
}

/** Runs a daemon until it logs `event`, makes the disk full if it was not, and sends SIGTERM. */
async function endAt(event: string, { fullAtStart }: { fullAtStart: boolean }): Promise<Ending> {
  const root = await mkdtemp(join(tmpdir(), 'tailmeter-stop-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const state = join(root, 'state');
  const access = join(root, 'access.log');
  const config = join(root, 'tailmeter.json');
  await writeFile(access, '{"request_id":"r1"}\n');
  await writeFile(
    config,
    JSON.stringify({
      state_dir: state,
      sources: [{ path: access, format: 'nginx', ...ANY_TIME }],
      rules: [
        {
          name: 'calls',
          event_code: 'test',
          event_transaction_id: '${request_id}',
          event_subscription_id: 'sub',
        },
      ],
      destinations: [{ name: 'lago', endpoint_addrs: ['http://127.0.0.1:1'], token: 'key' }],
    }),
  );
  if (fullAtStart) await writeFile(`${state}.fault`, FULL);
  const script = `
    const { main } = await import(${JSON.stringify(MAIN)});
    process.exitCode = await main(['', '', 'run', '--config', ${JSON.stringify(config)}]);`;
  const child = spawn(process.execPath, ['--import', INJECTOR, '--input-type=module', '-e', script], {
    env: { ...process.env, FAILING_DISK: state },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  let log = '';
  let signalled = false;
  for await (const piece of child.stderr) {
    log += String(piece);
    if (signalled || !log.includes(`"event":"${event}"`)) continue;
    signalled = true;
    await writeFile(`${state}.fault`, FULL);
    child.kill('SIGTERM');
  }
  await closed;
  return { code: child.exitCode, log };
}

test.each([
  { when: 'before it has taken its first line', event: 'spool_paused', fullAtStart: true },
  { when: 'while it runs', event: 'file_found', fullAtStart: false },
])('on a disk that is full $when', async ({ event, fullAtStart }) => {
  const { code, log } = await endAt(event, { fullAtStart });
  expect(code).toBe(1);
  expect(log).toMatch(/^the last checkpoint cannot be written: ENOSPC.*next start.*$/m);
  expect(log).not.toMatch(/\n\s+at /);
});
