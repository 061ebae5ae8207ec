/** Asks a Lago which events it has, page by page. For audits: rare, patient, one request at a time. */
import type { Dispatcher } from 'undici';
import { redact } from '../config/redact.ts';
import type { LagoDestinationConfig } from '../config/types.ts';
import { LagoAnswerError } from '../errors.ts';
import type { Clock } from '../types.ts';
import { connector } from './connector.ts';
import { requestedWaitMs } from './retry-after.ts';
import { wholeUndici } from './undici.ts';

const PER_PAGE = 100;
const TRIES = 5;
const RETRY_MS = 1000;
const MOST_ANSWER_CHARACTERS = 500;

export interface EventQuery {
  readonly subscription: string;
  /** Unix milliseconds, both included. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** The keys of an event in Lago's answer that matter here. */
export interface StoredEvent {
  readonly transaction_id: string;
  readonly code: string;
  /** ISO 8601. */
  readonly timestamp: string;
}

interface Page {
  readonly events: readonly StoredEvent[];
  readonly meta?: { readonly next_page?: number | null };
}

export class LagoEvents {
  readonly #url: URL;
  readonly #connection: Dispatcher;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #clock: Clock;
  readonly #token: string;

  /** @param userAgent `tailmeter/1.2.3` */
  constructor(config: LagoDestinationConfig, clock: Clock, userAgent: string) {
    const [address = ''] = config.endpoint_addrs;
    const path = config.endpoint_uri.replace(/^\/*/, '/').replace(/\/batch\/*$/, '');
    this.#url = new URL(address.replace(/\/+$/, '') + path);
    this.#connection = connector(this.#url.origin, config)(config.keepalive_timeout);
    this.#clock = clock;
    this.#token = config.token;
    this.#headers = {
      accept: 'application/json',
      authorization: `Bearer ${config.token}`,
      'user-agent': userAgent,
    };
  }

  /**
   * Every event of a subscription in a window of time; one that arrives meanwhile may make others come twice.
   * @throws LagoAnswerError when Lago refuses, or cannot be reached for a while
   */
  async *list({ subscription, fromMs, toMs }: EventQuery): AsyncGenerator<readonly StoredEvent[]> {
    for (let page: number | null | undefined = 1; page !== null && page !== undefined;) {
      const url = new URL(this.#url);
      url.searchParams.set('external_subscription_id', subscription);
      url.searchParams.set('timestamp_from', new Date(fromMs).toISOString());
      url.searchParams.set('timestamp_to', new Date(toMs).toISOString());
      url.searchParams.set('page', String(page));
      url.searchParams.set('per_page', String(PER_PAGE));
      const { events, meta }: Page = await this.#get(url);
      yield events;
      page = meta?.next_page;
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #get(url: URL): Promise<Page> {
    for (let failures = 1; ; failures++) {
      const { problem, waitMs, page } = await this.#try(url);
      if (page !== undefined) return page;
      // Being told to wait is no failure, however often.
      if (waitMs > 0) failures--;
      else if (failures >= TRIES) throw new LagoAnswerError(`${this.#url.origin}: ${problem}`);
      await this.#clock.sleep(waitMs > 0 ? waitMs : RETRY_MS * failures);
    }
  }

  async #try(url: URL): Promise<{ problem: string; waitMs: number; page?: Page }> {
    let status: number;
    let text: string;
    let waitMs: number;
    try {
      const { request } = wholeUndici();
      const answer = await request(url, { dispatcher: this.#connection, headers: this.#headers });
      status = answer.statusCode;
      text = await answer.body.text();
      waitMs = status === 429 ? requestedWaitMs(status, answer.headers, this.#clock.now()) : 0;
      if (status === 200) return { problem: '', waitMs: 0, page: JSON.parse(text) as Page };
    } catch (error) {
      return { problem: (error as Error).message, waitMs: 0 };
    }
    const problem = `lago api returned status: ${status}, body: ${redact(text, [this.#token]).slice(0, MOST_ANSWER_CHARACTERS)}`;
    if (status < 500 && status !== 408 && status !== 429)
      throw new LagoAnswerError(`${this.#url.origin}: ${problem}`);
    return { problem, waitMs };
  }
}
