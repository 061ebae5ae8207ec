import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/tools.mjs', import.meta.url));
const ALL = ['nginx', 'logrotate', 'jq', 'tar', 'gzip', 'bash', 'mkfifo'];
const isRoot = process.getuid?.() === 0;

/** The only folder in PATH. */
let bin: string;
beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), 'tailmeter-tools-'));
});
afterEach(() => rm(bin, { recursive: true }));

async function program(name: string, script = ''): Promise<void> {
  await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, name), 0o755);
}

function run(): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [SCRIPT], { env: { PATH: bin }, encoding: 'utf8' });
}

/** Says what it is asked to do; leaves `jq` behind when it installs. */
const APT_GET = `echo "$*" >> "\${0%/*}/asked"
case "$*" in
  *" install "*) printf '#!/bin/sh\\n' > "\${0%/*}/jq"; /bin/chmod 755 "\${0%/*}/jq" ;;
esac`;

test('where all is there, nothing is said or done', async () => {
  for (const name of ALL) await program(name);
  await program('apt-get', 'exit 9');
  expect(run()).toMatchObject({ status: 0, stderr: '' });
});

test('what is missing is installed, after an update of the lists, and it says so', async () => {
  for (const name of ALL.filter((name) => name !== 'jq')) await program(name);
  await program('apt-get', APT_GET);
  await program('sudo', 'shift; exec "$@"');
  const { status, stderr } = run();
  expect(stderr).toBe(`setup: installing jq (${isRoot ? '' : 'sudo -n '}apt-get)\n`);
  expect(status).toBe(0);
  const asked = await readFile(join(bin, 'asked'), 'utf8');
  expect(asked.replace('--version\n', '').split('\n')).toEqual([
    expect.stringMatching(/ update$/),
    expect.stringMatching(/ install -y --no-install-recommends jq$/),
    '',
  ]);
});

test('what cannot be installed stops it, with the exact command', async () => {
  for (const name of ALL.filter((name) => name !== 'jq')) await program(name);
  await program('apt-get', 'exit 100');
  await program('sudo', 'exit 1');
  const { status, stderr } = run();
  expect(status).toBe(1);
  expect(stderr).toContain('setup: the tests run programs that are not here: jq');
  const sudo = isRoot ? '' : 'sudo ';
  expect(stderr).toMatch(
    new RegExp(
      `\nsetup: run: ${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends jq\n$`,
    ),
  );
});

test.each([
  ['dnf', /run: (sudo )?dnf install -y jq\n$/],
  ['brew', /run: brew install jq\n$/],
  ['something-else', /install these packages: jq\n$/],
])('where there is no apt-get but %s, it says what to do', async (installer, words) => {
  for (const name of ALL.filter((name) => name !== 'jq')) await program(name);
  await program(installer, 'exit 9');
  const { status, stderr } = run();
  expect(status).toBe(1);
  expect(stderr).toMatch(words);
});
