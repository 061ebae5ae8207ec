import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tailmeter } from '../support/tailmeter.ts';

const walkthrough = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/walkthrough/${name}`, import.meta.url));
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tailmeter-cli-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('preview', () => {
  test("prints the events of the walk-through that APISIX's plugin would have sent, and changes nothing", async () => {
    const before = await readdir(walkthrough('.'));
    const { code, stdout, stderr } = await tailmeter([
      'preview',
      '--config',
      walkthrough('tailmeter.yaml'),
      walkthrough('access.log'),
    ]);
    expect(code).toBe(0);
    expect(stdout).toBe(await readFile(walkthrough('expected.ndjson'), 'utf8'));
    expect(stderr).toBe('6 lines, 6 events, 0 skipped, 0 dead letters\n');
    expect(await readdir(walkthrough('.'))).toEqual(before);
  });

  test('says what became of the other lines, with the first of each reason', async () => {
    const log = join(root, 'bad.log');
    await writeFile(log, 'nonsense\n{"uri":"/other","status":200}\nmore nonsense\n');
    const { stderr } = await tailmeter(['preview', '--config', walkthrough('tailmeter.yaml'), log]);
    expect(stderr).toContain('3 lines, 0 events, 1 skipped, 2 dead letters');
    expect(stderr).toContain(`not_json: 2, the first at ${log}, offset 0`);
  });
});

describe('check', () => {
  test('accepts the walk-through', async () => {
    expect(await tailmeter(['check', '--config', walkthrough('tailmeter.yaml')])).toMatchObject({ code: 0 });
  });

  test('prints every problem with its place and exits with 2, without a stack trace', async () => {
    const config = join(root, 'wrong.yaml');
    await writeFile(
      config,
      `state_dir: ${root}/state
sources: [{ path: /var/log/x.log, formt: nginx }]
rules: [{ event_code: 1, event_subscription_id: "\${user}" }]
destinations: [{ endpoint_addrs: "http://127.0.0.1", token: $env://NO_SUCH_KEY }]
`,
    );
    const { code, stderr, stdout } = await tailmeter(['check', '--config', config]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('destinations[0].endpoint_addrs: wrong type: expected array, got string');
    expect(stderr).toContain('sources[0].formt');
    expect(stderr).toContain('rules[0].event_code: wrong type: expected string, got number');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('finds problems of the schema, of rules and of secrets together', async () => {
    const config = join(root, 'wrong.yaml');
    await writeFile(
      config,
      `state_dir: ${root}/state
sources: [{ path: /var/log/x.log }]
rules:
  - { event_code: 1, event_subscription_id: "\${user}" }
  - { event_code: c, event_subscription_id: "\${user}", filter: [["uri", "~~", "(unclosed"]] }
destinations: [{ endpoint_addrs: ["http://127.0.0.1"], token: "$env://NO_SUCH_KEY" }]
`,
    );
    const { code, stderr } = await tailmeter(['check', '--config', config]);
    expect(code).toBe(2);
    expect(stderr).toContain('rules[0].event_code: wrong type');
    expect(stderr).toContain('rules[1].filter');
    expect(stderr).toContain('destinations[0].token: environment variable NO_SUCH_KEY is not set');
  });

  test('a missing file is one clear line', async () => {
    const { code, stderr } = await tailmeter(['check', '--config', join(root, 'none.yaml')]);
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('usage', () => {
  test.each([
    [['fly']],
    [['run']],
    [['run', '--config']],
    [['replay', '--config', 'x.yaml']],
    [['replay', '--config', 'x.yaml', '--since', 'yesterday', 'a.log']],
    [['sandbox', '--port', 'http']],
  ])('%j is refused with 2', async (args) => {
    const { code, stderr } = await tailmeter(args);
    expect(code).toBe(2);
    expect(stderr).not.toBe('');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test.each(['run', 'check', 'preview', 'status', 'replay', 'sandbox', 'demo'])(
    '%s explains itself with --help',
    async (command) => {
      const { code, stdout } = await tailmeter([command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain(`Usage: tailmeter ${command}`);
    },
  );

  test('--version prints the version', async () => {
    const { stdout } = await tailmeter(['--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
  });
});

test('status of a state directory that nothing has run on is all zeros', async () => {
  const config = join(root, 'tailmeter.yaml');
  const yaml = await readFile(walkthrough('tailmeter.yaml'), 'utf8');
  await writeFile(config, yaml.replace(/^state_dir:.*$/m, `state_dir: ${root}/state`));
  const { code, stdout } = await tailmeter(['status', '--config', config, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ running: false, destinations: [{ events: 0, pending: 0 }] });
  expect(await readdir(root)).toEqual(['tailmeter.yaml']);
});

test.each([['status'], ['status', '--json'], ['audit']])(
  '%s of a state directory that cannot be read says so in one line',
  async (...command) => {
    const config = join(root, 'tailmeter.yaml');
    const yaml = await readFile(walkthrough('tailmeter.yaml'), 'utf8');
    await writeFile(config, yaml.replace(/^state_dir:.*$/m, `state_dir: ${config}`));
    const { code, stderr } = await tailmeter([...command, '--config', config]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^cannot read the state directory .*\n$/);
  },
);

test('sandbox says in one line that its port is in use', async () => {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await tailmeter(['sandbox', '--port', `${port}`]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/port is in use; choose another one with --port\n$/);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test('preview into a reader that has seen enough ends quietly', async () => {
  const log = join(root, 'access.log');
  await writeFile(log, (await readFile(walkthrough('access.log'), 'utf8')).repeat(5000));
  const bin = fileURLToPath(new URL('../../bin/tailmeter.js', import.meta.url));
  const args = [bin, 'preview', '--config', walkthrough('tailmeter.yaml'), log];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += String(text)));
  child.stdout.once('data', () => child.stdout.destroy());
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(stderr).toBe('');
});

test('sandbox listens until it is told to stop', async () => {
  const bin = fileURLToPath(new URL('../../bin/tailmeter.js', import.meta.url));
  const child = spawn(process.execPath, [bin, 'sandbox', '--port', '0']);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const url = /http:\S+?(?=;)/.exec(String(said))?.[0] ?? '';
  expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ message: 'Success' });
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([0, null]);
});

test('demo shows the walk-through and leaves nothing behind', async () => {
  const { code, stdout } = await tailmeter(['demo'], { TMPDIR: root });
  expect(stdout).toContain('6 events, $33.00');
  expect(code).toBe(0);
  expect(await readdir(root)).toEqual([]);
});
