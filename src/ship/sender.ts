/**
 * Which request goes out when, and where to: at most `concurrency` in flight, evenly paced, each to a random
 * endpoint that works, none while the destination is held. Keeps the link full as long as the backlog has events.
 */
import type { LagoDestinationConfig } from '../config/types.ts';
import type { Clock } from '../types.ts';
import { judge } from './answers.ts';
import type { Answer, Verdict } from './answers.ts';
import { fullJitterMs } from './backoff.ts';
import type { Backlog } from './backlog.ts';
import { Breaker } from './breaker.ts';
import { requestDeadlineMs } from './deadline.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Endpoint } from './endpoint.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeLimits } from './exchange.ts';
import { isUnreached } from './failures.ts';
import { HttpClient } from './http-client.ts';
import { BACKOFF_CAP_MS, Outcomes, backoffBaseMs } from './outcomes.ts';
import { Pacer } from './pacer.ts';
import { RequestBodies } from './request-bodies.ts';
import type { Undertaker } from './undertaker.ts';

export interface SenderOptions {
  readonly config: LagoDestinationConfig;
  readonly backlog: Backlog;
  readonly undertaker: Undertaker;
  readonly diagnostics: Diagnostics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly userAgent: string;
  /** Ends all waits. */
  readonly signal: AbortSignal;
  /** Called after a request was sent or has ended, or an endpoint may be tried again. */
  readonly progressed: () => void;
}

/** Failures of requests in a row that open an endpoint's breaker; one can be a broken connection or a bad batch. */
const TOLERATED_FAILURES = 3;
/** A destination that refuses everything is asked again after this, then twice as long each time … */
const HOLD_BASE_MS = 30_000;
/** … up to this. */
const HOLD_CAP_MS = 300_000;

const holdMs = (opened: number): number => Math.min(HOLD_BASE_MS * 2 ** Math.min(opened, 30), HOLD_CAP_MS);

export class Sender {
  readonly hold: Breaker;
  readonly endpoints: readonly Endpoint[];
  readonly #options: SenderOptions;
  readonly #outcomes: Outcomes;
  readonly #pacer: Pacer;
  readonly #limits: ExchangeLimits;
  readonly #bodies: RequestBodies;
  #inFlight = 0;
  #stopping = false;
  #pumping = false;
  #waitsForPacer = false;

  constructor(options: SenderOptions) {
    const { config, clock, random, userAgent } = options;
    this.#options = options;
    const halfOpened = (): void => this.pump();
    this.hold = new Breaker({ clock, tolerates: 1, delayMs: holdMs, halfOpened });
    const baseMs = backoffBaseMs(config);
    const delayMs = (opened: number): number => fullJitterMs(baseMs, BACKOFF_CAP_MS, opened, random);
    this.endpoints = config.endpoint_addrs.map((address) => ({
      client: new HttpClient(address, config, userAgent),
      breaker: new Breaker({ clock, tolerates: TOLERATED_FAILURES, delayMs, halfOpened }),
    }));
    this.#limits = {
      deadlineMs: requestDeadlineMs(config.timeout),
      strict: config.answer_check === 'strict',
    };
    this.#bodies = new RequestBodies(config.concurrency);
    this.#pacer = new Pacer(config.max_requests_per_second);
    this.#outcomes = new Outcomes({
      ...options,
      nextTryMs: () => this.#nextTryMs(),
      resume: () => this.pump(),
    });
  }

  /** Requests in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether a request could go out now, as far as the breakers are concerned. */
  get usable(): boolean {
    return this.hold.usable && this.endpoints.some(({ breaker }) => breaker.usable);
  }

  /** Sends what can be sent now. To be called whenever there may be more to send. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#stopping && this.#inFlight < this.#options.config.concurrency && this.#sendOne());
    this.#pumping = false;
    this.#options.progressed();
  }

  /** Sends nothing more; what is in flight goes on. */
  stop(): void {
    this.#stopping = true;
    this.hold.stop();
    for (const { breaker } of this.endpoints) breaker.stop();
  }

  /** Aborts what is in flight. */
  async destroy(): Promise<void> {
    await Promise.all(this.endpoints.map(({ client }) => client.destroy()));
  }

  #sendOne(): boolean {
    const { backlog, clock } = this.#options;
    if (backlog.events === 0 || !this.hold.usable) return false;
    const endpoint = this.#pickEndpoint();
    if (endpoint === undefined || this.#mustWait()) return false;
    const probe = this.hold.state !== 'closed' || endpoint.breaker.state !== 'closed';
    const batch = backlog.take(probe);
    if (batch === undefined) return false;
    this.#pacer.use(clock.now());
    this.#inFlight++;
    const tickets = { endpoint: endpoint.breaker.admit(), hold: this.hold.admit() };
    const { bytes } = batch;
    const buffer = this.#bodies.take(bytes);
    batch.encode(buffer);
    const exchange = new Exchange(batch, endpoint, tickets, buffer, this.#limits, this.#ended);
    exchange.send(bytes);
    return true;
  }

  /** A random one of those that work, as the plugin does. */
  #pickEndpoint(): Endpoint | undefined {
    const usable = this.endpoints.filter(({ breaker }) => breaker.usable);
    return usable[Math.floor(this.#options.random() * usable.length)];
  }

  #mustWait(): boolean {
    const waitMs = this.#pacer.waitMs(this.#options.clock.now());
    if (waitMs === 0) return false;
    if (!this.#waitsForPacer) void this.#pumpAfter(waitMs);
    return true;
  }

  async #pumpAfter(waitMs: number): Promise<void> {
    this.#waitsForPacer = true;
    await this.#options.clock.sleep(waitMs, this.#options.signal);
    this.#waitsForPacer = false;
    this.pump();
  }

  readonly #ended = (exchange: Exchange): void => {
    const { batch, endpoint } = exchange;
    this.#inFlight--;
    if (exchange.isTaken) this.#bodies.giveBack(exchange.buffer);
    const result = exchange.result();
    // When stopping, a request without an answer leaves its events unsettled, and says nothing about the endpoint.
    if (!(this.#stopping && result instanceof Error)) {
      const verdict = this.#judge(result, batch.events.length);
      this.#tellBreakers(exchange, verdict, result);
      this.#outcomes.apply(batch, verdict, result, endpoint);
    }
    this.pump();
  };

  #judge(result: Answer | Error, events: number): Verdict {
    const { clock, config } = this.#options;
    if (!(result instanceof Error)) return judge(result, events, clock.now(), config.answer_check);
    return { kind: 'retry', failure: isUnreached(result) ? 'down' : 'ailing', minimumMs: 0 };
  }

  #tellBreakers(exchange: Exchange, verdict: Verdict, result: Answer | Error): void {
    const { endpoint, tickets } = exchange;
    if (verdict.kind === 'retry') {
      this.hold.undecided(tickets.hold);
      this.#failed(endpoint, tickets.endpoint, verdict, result);
      return;
    }
    const { diagnostics } = this.#options;
    if (endpoint.breaker.succeeded(tickets.endpoint)) {
      const { destination } = diagnostics;
      diagnostics.report({ event: 'endpoint_closed', destination, address: endpoint.client.address });
    }
    if (verdict.kind !== 'hold') this.hold.succeeded(tickets.hold);
    else if (this.hold.failed(tickets.hold, 'down', 0)) {
      diagnostics.held(diagnostics.describe(result), verdict.remedy);
    }
  }

  /** Reports an endpoint that has just become unusable; that it still is, the failed batches tell. */
  #failed(
    { breaker, client }: Endpoint,
    ticket: number,
    { failure, minimumMs }: Extract<Verdict, { kind: 'retry' }>,
    result: Answer | Error,
  ): void {
    const { diagnostics, clock } = this.#options;
    const wasClosed = breaker.state === 'closed';
    if (!breaker.failed(ticket, failure, minimumMs) || !wasClosed) return;
    diagnostics.report({
      event: 'endpoint_open',
      destination: diagnostics.destination,
      address: client.address,
      retryInMs: breaker.retryAt - clock.now(),
      cause: diagnostics.describe(result),
    });
  }

  #nextTryMs(): number {
    const now = this.#options.clock.now();
    return Math.min(
      ...this.endpoints.map(({ breaker }) => (breaker.usable ? 0 : Math.max(0, breaker.retryAt - now))),
    );
  }
}
