/**
 * What the shipper says about failures: in the words of APISIX's plugin, without secrets, bounded in length. Keeps
 * the last one for status.
 */
import type { LagoDestinationConfig } from '../config/types.ts';
import type { Reporter } from '../observe/events.ts';
import type { Clock, DeliveryStatus } from '../types.ts';
import type { Answer } from './answers.ts';
import { describeFailure } from './failures.ts';
import { proxyOf } from './proxy-env.ts';

/** Characters of an answer's body that are worth showing. */
const MOST_BODY = 1024;

export class Diagnostics {
  readonly destination: string;
  readonly #reporter: Reporter;
  readonly #clock: Clock;
  readonly #secrets: string[];
  #last: DeliveryStatus['lastError'];

  constructor(config: LagoDestinationConfig, reporter: Reporter, clock: Clock) {
    this.destination = config.name;
    this.#reporter = reporter;
    this.#clock = clock;
    this.#secrets = [
      config.token,
      ...config.endpoint_addrs.flatMap((address) => credentialsOf(proxyOf(address, config.proxy))),
    ].filter((secret) => secret !== '');
  }

  /** A secret that came later. */
  hide(secret: string): void {
    if (!this.#secrets.includes(secret)) this.#secrets.push(secret);
  }

  get last(): DeliveryStatus['lastError'] {
    return this.#last;
  }

  /** `lago api returned status: 500, body: …`, or what happened to the connection. */
  describe(result: Answer | Error): string {
    if (result instanceof Error) return this.presentable(describeFailure(result));
    return `lago api returned status: ${result.status}, body: ${this.presentable(result.body)}`;
  }

  /** Text from outside, without secrets, on one line, bounded. */
  presentable(text: string): string {
    // Secrets go before the cut, so that no part of one is left at the end.
    let safe = text;
    for (const secret of this.#secrets) safe = safe.replaceAll(secret, '[redacted]');
    safe = safe.replace(/\p{Cc}+/gu, ' ');
    return safe.length > MOST_BODY ? `${safe.slice(0, MOST_BODY)}…` : safe;
  }

  /** An answer as it may stand in a dead letter. */
  record({ status, body }: Answer): { status: number; body: string } {
    return { status, body: this.presentable(body) };
  }

  batchFailed(message: string, retryInMs: number, attempt: number): void {
    this.#remember(message);
    const { destination } = this;
    this.#reporter.report({ event: 'batch_failed', destination, message, retryInMs, attempt });
  }

  batchPartlyFailed(message: string, done: number, total: number): void {
    this.#remember(message);
    this.#reporter.report({
      event: 'batch_partly_failed',
      destination: this.destination,
      message,
      done,
      total,
    });
  }

  /** @param endpoint the one that refuses everything; undefined when all do */
  held(message: string, remedy: string, endpoint?: { address: string; retryInMs: number }): void {
    this.#remember(message);
    const { destination } = this;
    if (endpoint === undefined) {
      this.#reporter.report({ event: 'destination_held', destination, message, remedy });
    } else {
      this.#reporter.report({ event: 'endpoint_held', destination, ...endpoint, message, remedy });
    }
  }

  /** Reports something that is no failure of its own. */
  report(event: Parameters<Reporter['report']>[0]): void {
    this.#reporter.report(event);
  }

  #remember(message: string): void {
    this.#last = { time: new Date(this.#clock.now()).toISOString(), message };
  }
}

function credentialsOf(proxy: string | undefined): string[] {
  if (proxy === undefined) return [];
  const { password } = new URL(proxy);
  return [password, decodeURIComponent(password)];
}
