/** A folder with logs, a state and a sandbox: what a daemon has done there can be audited, or tampered with. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acknowledgeLosses } from '../../src/audit/acknowledge.ts';
import { audit } from '../../src/audit/audit.ts';
import type { AuditReport } from '../../src/audit/findings.ts';
import { systemClock } from '../../src/clock.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/types.ts';
import type { TelemetryEvent } from '../../src/observe/events.ts';
import { Pipeline } from '../../src/pipeline.ts';
import { createSandbox, DEFAULT_KEY, type Sandbox } from '../../src/sandbox/server.ts';
import { lineOf } from '../support/lines.ts';
import { ANY_TIME } from '../support/any-time.ts';

export const RULE = {
  name: 'calls',
  filter: [['status', '<', 400]],
  event_code: 'test',
  event_transaction_id: '${request_id}',
  event_subscription_id: '${http_x_consumer_username}',
};

export class AuditSetup implements AsyncDisposable {
  readonly root: string;
  readonly log: string;
  readonly state: string;
  readonly sandbox: Sandbox;
  readonly reports: TelemetryEvent[] = [];

  static async create(): Promise<AuditSetup> {
    const root = await mkdtemp(join(tmpdir(), 'tailmeter-audit-'));
    await mkdir(join(root, 'logs'));
    return new AuditSetup(root, await createSandbox());
  }

  private constructor(root: string, sandbox: Sandbox) {
    this.root = root;
    this.log = join(root, 'logs', 'access.log');
    this.state = join(root, 'state');
    this.sandbox = sandbox;
  }

  config({
    address = this.sandbox.url,
    rule = {},
    source = {},
    dead = {},
  }: { address?: string; rule?: object; source?: object; dead?: object } = {}): Config {
    const config = {
      state_dir: this.state,
      sources: [
        { path: this.log, format: 'nginx', max_line_bytes: 4096, rotate_wait: 0.1, ...ANY_TIME, ...source },
      ],
      rules: [{ ...RULE, ...rule }],
      dead,
      destinations: [{ name: 'lago', endpoint_addrs: [address], token: DEFAULT_KEY, batch_max_size: 10 }],
    };
    return parseConfig(JSON.stringify(config), join(this.root, 'tailmeter.json'));
  }

  /** Writes logs that begin differently, reads them to their ends and delivers what they give, unless `deliver` is false. */
  async run(
    logs: Readonly<Record<string, string>>,
    {
      deliver = true,
      rule = {},
      source: more = {},
      dead = {},
    }: { deliver?: boolean; rule?: object; source?: object; dead?: object } = {},
  ): Promise<void> {
    const config = this.config({
      rule,
      source: more,
      dead,
      ...(deliver ? {} : { address: 'http://127.0.0.1:1' }),
    });
    const [source] = config.sources;
    if (source === undefined) throw new Error('no source');
    const files = Object.keys(logs).map((name) => ({ path: join(this.root, 'logs', name), source }));
    for (const { path } of files) await writeFile(path, logs[path.slice(this.root.length + 6)] ?? '');
    const pipeline = await Pipeline.open({
      config,
      stateDir: this.state,
      version: '0.0.0',
      reporter: { report: (event) => void this.reports.push(event) },
    });
    await pipeline.replay(files, new AbortController().signal);
    if (deliver) await pipeline.delivered();
    await pipeline.stop(0);
  }

  audit(options: Parameters<AuditSetup['config']>[0] & { online?: boolean } = {}): Promise<AuditReport> {
    const online = { clock: systemClock, userAgent: 'tailmeter/0.0.0' };
    return audit({ config: this.config(options), ...(options.online === true ? { online } : {}) });
  }

  /** Takes note of all losses. */
  async acknowledge(): Promise<void> {
    const { losses } = await this.audit();
    await acknowledgeLosses(
      this.state,
      losses.map(({ id }) => id),
    );
  }

  /** The only file of a folder of the state whose name begins so. */
  async singleFile(folder: string, prefix = ''): Promise<string> {
    const [name, ...others] = (await readdir(join(this.state, folder))).filter((file) =>
      file.startsWith(prefix),
    );
    if (name === undefined || others.length > 0) throw new Error(`${folder}: not one file ${prefix}`);
    return join(this.state, folder, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox.close();
    await rm(this.root, { recursive: true, force: true });
  }
}

/** Lines of every kind: 20 events, 2 skipped, 3 dead (one of them too long). */
export function mixedLines(prefix: string): string {
  const events = Array.from({ length: 20 }, (_, i) =>
    lineOf(`${prefix}-${i}`, { msec: 1_790_000_000 + i, http_x_consumer_username: `user-${i % 2}` }),
  );
  return [
    ...events.slice(0, 10),
    lineOf(`${prefix}-s1`, { status: 404 }),
    `${prefix} is no JSON\n`,
    ...events.slice(10),
    '\n',
    lineOf(`${prefix}-d`, { http_x_consumer_username: '' }),
    lineOf(`${prefix}-l`, { uri: 'x'.repeat(5000) }),
  ].join('');
}

/** Changes a file as somebody with an editor would. */
export async function edit(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'latin1')), 'latin1');
}
