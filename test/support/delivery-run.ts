/** A folder with a log of so many calls and a configuration that ships them to given addresses. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DestinationStatus } from '../../src/control/status.ts';
import { Daemon, statusWhen } from './tailmeter.ts';

const FIRST_MS = Date.parse('2026-11-20T10:00:00Z');

export class DeliveryRun implements AsyncDisposable {
  readonly root: string;
  readonly config: string;
  readonly #log: string;
  readonly #uriOf: (call: number) => string | undefined;
  #calls = 0;
  #daemon: Daemon | undefined;

  /**
   * @param destination options of it, besides its addresses
   * @param uriOf a call; undefined for an ordinary one
   */
  static async prepare(
    calls: number,
    addresses: readonly string[],
    destination: Readonly<Record<string, unknown>> = {},
    uriOf: (call: number) => string | undefined = () => undefined,
  ): Promise<DeliveryRun> {
    const run = new DeliveryRun(await mkdtemp(join(tmpdir(), 'tailmeter-delivery-')), uriOf);
    await run.log(calls);
    await writeFile(
      run.config,
      JSON.stringify({
        state_dir: join(run.root, 'state'),
        sources: [{ path: run.#log, format: 'nginx', start_at: 'beginning' }],
        rules: [
          {
            name: 'calls',
            event_code: 'calls',
            event_transaction_id: '${request_id}',
            event_subscription_id: '${http_x_consumer_username}',
            event_properties: { uri: '${uri}', bytes: '${body_bytes_sent}' },
          },
        ],
        destinations: [
          {
            name: 'lago',
            endpoint_addrs: addresses,
            token: 'secret',
            inactive_timeout: 1,
            buffer_duration: 1,
            ...destination,
          },
        ],
        log: { format: 'json' },
      }),
    );
    return run;
  }

  private constructor(root: string, uriOf: (call: number) => string | undefined) {
    this.root = root;
    this.#uriOf = uriOf;
    this.config = join(root, 'tailmeter.json');
    this.#log = join(root, 'access.log');
  }

  /** Adds calls to the log. */
  async log(calls: number): Promise<void> {
    const lines = Array.from({ length: calls }, (_, i) => {
      const number = this.#calls + i;
      return JSON.stringify({
        msec: (FIRST_MS + number) / 1000,
        request_time: 0,
        request_id: `call-${String(number).padStart(7, '0')}`,
        uri: this.#uriOf(number) ?? '/v1/things',
        status: 200,
        body_bytes_sent: number,
        http_x_consumer_username: `cus_${number % 13}`,
      });
    });
    this.#calls += calls;
    await appendFile(this.#log, lines.map((line) => `${line}\n`).join(''));
  }

  async start(env: NodeJS.ProcessEnv = {}): Promise<Daemon> {
    this.#daemon = await Daemon.start(this.config, env);
    return this.#daemon;
  }

  /** Resolves with the counts when every call that was logged is settled. */
  async settled(): Promise<DestinationStatus> {
    return this.when(({ events, pending }) => events === this.#calls && pending === 0);
  }

  /** Resolves when the destination is as wished. */
  async when(wished: (destination: DestinationStatus) => boolean): Promise<DestinationStatus> {
    const { destinations } = await statusWhen(
      this.config,
      ({ running, destinations: [one] }) => running && one !== undefined && wished(one),
    );
    return destinations[0]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.kill();
    await rm(this.root, { recursive: true, force: true });
  }
}
