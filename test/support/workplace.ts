/** A folder with logs that a test writes by itself, a sandbox, and a configuration that connects them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createSandbox, DEFAULT_KEY, type Sandbox } from '../../src/sandbox/server.ts';

/** Parts of a configuration; what is left out has a value that suits most tests. */
export interface Work {
  readonly sources?: readonly Record<string, unknown>[];
  readonly rules?: readonly Record<string, unknown>[];
}

export class Workplace implements AsyncDisposable {
  readonly root: string;
  readonly logs: string;
  readonly state: string;
  readonly config: string;
  readonly sandbox: Sandbox;

  static async create(): Promise<Workplace> {
    const root = await mkdtemp(join(tmpdir(), 'tailmeter-work-'));
    await mkdir(join(root, 'logs'));
    return new Workplace(root, await createSandbox());
  }

  private constructor(root: string, sandbox: Sandbox) {
    this.root = root;
    this.logs = join(root, 'logs');
    this.state = join(root, 'state');
    this.config = join(root, 'tailmeter.yaml');
    this.sandbox = sandbox;
  }

  /** Paths of sources start at the folder of the logs. Only times near to now are plausible, as by default. */
  async configure({ sources = [{}], rules = [{}] }: Work): Promise<void> {
    const config = {
      state_dir: this.state,
      sources: sources.map(({ path = 'in.log', ...source }) => ({
        path: join(this.logs, path as string),
        format: 'nginx',
        rotate_wait: 1,
        ...source,
      })),
      rules: rules.map((rule) => ({ event_code: 'calls', event_subscription_id: '${user}', ...rule })),
      destinations: [
        {
          endpoint_addrs: [this.sandbox.url],
          token: DEFAULT_KEY,
          inactive_timeout: 1,
          buffer_duration: 1,
          retry_delay: 1,
        },
      ],
      spool: { min_free_bytes: 0 },
    };
    await writeFile(this.config, stringify(config));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox.close();
    await rm(this.root, { recursive: true, force: true });
  }
}
