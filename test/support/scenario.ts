import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startGateway, type Gateway, type GatewayOptions } from '../../src/demo/gateway.ts';
import { createSandbox, DEFAULT_KEY, type Sandbox } from '../../src/sandbox/server.ts';
import { ANY_TIME } from './any-time.ts';

/** A folder with a real NGINX, a sandbox and a configuration that connects them. */
export class Scenario implements AsyncDisposable {
  readonly root: string;
  readonly logs: string;
  readonly state: string;
  readonly config: string;
  readonly gateway: Gateway;
  readonly sandbox: Sandbox;

  static async start(options: Omit<GatewayOptions, 'directory' | 'prefer'> = {}): Promise<Scenario> {
    const root = await mkdtemp(join(tmpdir(), 'tailmeter-e2e-'));
    const directory = join(root, 'gateway');
    await mkdir(directory);
    const gateway = await startGateway({ ...options, directory, prefer: 'nginx' });
    const scenario = new Scenario(root, gateway, await createSandbox());
    await scenario.configure();
    return scenario;
  }

  private constructor(root: string, gateway: Gateway, sandbox: Sandbox) {
    this.root = root;
    this.gateway = gateway;
    this.sandbox = sandbox;
    this.logs = join(gateway.logFile, '..');
    this.state = join(root, 'state');
    this.config = join(root, 'tailmeter.yaml');
  }

  /** Writes the configuration: one rule that bills every request by its `$request_id`. */
  async configure({
    source = {},
    sources = [{}],
    destination = {},
    spool = {},
  }: {
    source?: Record<string, unknown>;
    /** Instead of the one source, several. */
    sources?: readonly Record<string, unknown>[];
    destination?: Record<string, unknown>;
    spool?: Record<string, unknown>;
  } = {}): Promise<void> {
    const config = {
      state_dir: this.state,
      sources: sources.map((one) => ({
        path: this.gateway.logFile,
        format: 'nginx',
        rotate_wait: 1,
        ...ANY_TIME,
        ...source,
        ...one,
      })),
      rules: [
        {
          name: 'api-calls',
          event_code: 'test',
          event_transaction_id: '${request_id}',
          event_subscription_id: '${http_x_consumer_username}',
          event_properties: { status: '${status}', uri: '${uri}' },
        },
      ],
      destinations: [
        {
          name: 'lago',
          endpoint_addrs: [this.sandbox.url],
          token: DEFAULT_KEY,
          inactive_timeout: 1,
          retry_delay: 1,
          ...destination,
        },
      ],
      spool,
      log: { level: 'info', format: 'json' },
    };
    await writeFile(this.config, stringify(config));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.stop();
    await this.sandbox.close();
    await rm(this.root, { recursive: true, force: true });
  }
}
