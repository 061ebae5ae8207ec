/**
 * Which request goes out when: at most `concurrency` in flight, and at each endpoint no more than it can take, evenly paced,
 * none to one that is held. Keeps the link full as long as the backlog has events.
 */
import type { LagoDestinationConfig } from '../config/types.ts';
import type { Clock } from '../types.ts';
import { judge } from './answers.ts';
import type { Answer, Verdict } from './answers.ts';
import { fullJitterMs } from './backoff.ts';
import type { Backlog } from './backlog.ts';
import { Breaker } from './breaker.ts';
import type { Failure } from './breaker.ts';
import { answerDeadlineMs } from './deadline.ts';
import { Credentials } from './credentials.ts';
import type { Diagnostics } from './diagnostics.ts';
import { Endpoint } from './endpoint.ts';
import { EndpointChoice } from './endpoint-choice.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeLimits } from './exchange.ts';
import { isProxyRefusal, isUnreached, mayBeCertificate } from './failures.ts';
import { HttpClient } from './http-client.ts';
import { learnLoad } from './load.ts';
import { BACKOFF_CAP_MS, Outcomes, backoffBaseMs } from './outcomes.ts';
import { Pacer } from './pacer.ts';
import { remedyFor } from './remedies.ts';
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
  /** Reads the token again; see `Credentials`. */
  readonly readToken: () => Promise<string | undefined>;
  /** Ends all waits. */
  readonly signal: AbortSignal;
  /** Called after a request was sent or has ended, or an endpoint may be tried again. */
  readonly progressed: () => void;
}

/** Failures of requests in a row that open an endpoint's breaker; one can be a broken connection or a bad batch. */
const TOLERATED_FAILURES = 3;
/** An endpoint that refuses everything is asked again after this, then twice as long each time … */
const HOLD_BASE_MS = 30_000;
/** … up to this. */
const HOLD_CAP_MS = 300_000;

/** Where it only seems to be so, the first waits are shorter. */
const HOPELESS_BASE_MS = 1000;

/** Where it may as well be the text of one event, it is soon asked with others; then as where it is not. */
const DOUBTFUL_MS: readonly number[] = [1000, 2000, 4000];

function holdMs(opened: number, failure: Failure): number {
  const soon = failure === 'doubtful' ? DOUBTFUL_MS : [];
  if (opened < soon.length) return soon[opened]!;
  const baseMs = failure === 'hopeless' ? HOPELESS_BASE_MS : HOLD_BASE_MS;
  return Math.min(baseMs * 2 ** Math.min(opened - soon.length, 30), HOLD_CAP_MS);
}

function failureOf(verdict: Extract<Verdict, { kind: 'hold' | 'hopeless' }>): Failure {
  if (verdict.kind === 'hopeless') return 'hopeless';
  return verdict.isLikelyText === true ? 'doubtful' : 'down';
}

export class Sender {
  readonly endpoints: readonly Endpoint[];
  readonly #options: SenderOptions;
  readonly #outcomes: Outcomes;
  readonly #pacer: Pacer;
  readonly #choice: EndpointChoice;
  readonly #credentials: Credentials;
  readonly #limits: ExchangeLimits;
  readonly #bodies: RequestBodies;
  #inFlight = 0;
  #stopping = false;
  #pumping = false;
  /** The earliest moment, of those that are slept for, at which a request may go out. */
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(options: SenderOptions) {
    const { config, clock, random, userAgent } = options;
    this.#options = options;
    const halfOpened = (): void => this.pump();
    const baseMs = backoffBaseMs(config);
    const delayMs = (opened: number): number => fullJitterMs(baseMs, BACKOFF_CAP_MS, opened, random);
    this.endpoints = config.endpoint_addrs.map(
      (address) =>
        new Endpoint({
          client: new HttpClient(address, config, userAgent),
          breaker: new Breaker({ clock, tolerates: TOLERATED_FAILURES, delayMs, halfOpened }),
          hold: new Breaker({ clock, tolerates: 1, delayMs: holdMs, halfOpened }),
          concurrency: config.concurrency,
          answerTimeoutMs: config.answer_timeout,
          random,
        }),
    );
    const choice = new EndpointChoice(this.endpoints, config, random);
    this.#choice = choice;
    this.#limits = {
      firstLookMs: Math.min(config.timeout, config.answer_timeout),
      waitMs: (endpoint) => choice.waitMs(endpoint),
      gapMs: config.timeout,
      answerMs: answerDeadlineMs(config.timeout),
      strict: config.answer_check === 'strict',
    };
    this.#bodies = new RequestBodies(config.concurrency);
    this.#credentials = new Credentials(options);
    this.#pacer = new Pacer(config.max_requests_per_second);
    this.#outcomes = new Outcomes({
      ...options,
      nextTryMs: () => this.#nextTryMs(),
      hasOther: (than) => this.endpoints.some((one) => one !== than && !one.isProbed),
      resume: () => this.pump(),
    });
  }

  /** Requests in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether a request could go out now, as far as the breakers are concerned. */
  get usable(): boolean {
    return this.endpoints.some(({ usable }) => usable);
  }

  /** Sends what can be sent now. To be called whenever there may be more to send. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#stopping && this.#sendOne());
    this.#pumping = false;
    this.#options.progressed();
  }

  /** Sends nothing more; what is in flight goes on. */
  stop(): void {
    this.#stopping = true;
    for (const { breaker, hold } of this.endpoints) {
      breaker.stop();
      hold.stop();
    }
  }

  /** Aborts what is in flight. */
  async destroy(): Promise<void> {
    await Promise.all(this.endpoints.map(({ client }) => client.destroy()));
  }

  #sendOne(): boolean {
    const { backlog, clock } = this.#options;
    if (backlog.isEmpty) return false;
    const now = clock.now();
    const picked = this.#choice.pick(now);
    const waitMs = picked === undefined ? this.#choice.rateWaitMs(now) : this.#pacer.waitMs(now);
    if (picked === undefined || waitMs > 0) {
      if (waitMs !== Number.POSITIVE_INFINITY) void this.#pumpAt(now + waitMs, waitMs);
      return false;
    }
    // Of many events one may well be at fault; of one hardly.
    const isSingle = picked.refusals.isHopeless || (picked.isProbed && picked.isAskedSingly);
    const batch = backlog.take(picked.isProbed, isSingle ? 1 : undefined);
    if (batch === undefined) return false;
    const endpoint = batch.suspicion === undefined ? picked : this.#anyFor(picked);
    const { refusals, breaker, hold } = endpoint;
    this.#pacer.use(now);
    endpoint.rate.use(now);
    this.#inFlight++;
    endpoint.inFlight++;
    endpoint.triesAgain = false;
    const tickets = {
      endpoint: breaker.admit(),
      hold: hold.admit(),
      request: refusals.sends(),
    };
    const { bytes } = batch;
    const buffer = this.#bodies.take(bytes);
    batch.encode(buffer);
    const exchange = new Exchange(batch, endpoint, tickets, buffer, this.#limits, this.#ended);
    exchange.send(bytes);
    return true;
  }

  async #pumpAt(at: number, inMs: number): Promise<void> {
    if (at >= this.#wakeAt) return;
    this.#wakeAt = at;
    const { clock, signal } = this.#options;
    await clock.sleep(inMs, signal);
    if (this.#wakeAt === at) this.#wakeAt = Number.POSITIVE_INFINITY;
    this.pump();
  }

  /** Suspects go to all in turn, and not to one that is left by the others: only beside these they tell something. */
  #anyFor(picked: Endpoint): Endpoint {
    const others = this.endpoints.filter(
      ({ usable, isProbed, inFlight, limit }) => usable && !isProbed && inFlight < limit.current,
    );
    return others[Math.floor(this.#options.random() * others.length)] ?? picked;
  }

  readonly #ended = (exchange: Exchange): void => {
    const { endpoint } = exchange;
    this.#inFlight--;
    endpoint.inFlight--;
    if (exchange.isTaken) this.#bodies.giveBack(exchange.buffer);
    const result = exchange.result();
    // When stopping, a request without an answer leaves its events unsettled, and says nothing about the endpoint.
    if (!(this.#stopping && result instanceof Error)) {
      const judged = this.#judge(exchange, result);
      const isSuspect = this.#outcomes.isSuspect(exchange, judged, result);
      const verdict: Verdict = isSuspect ? { kind: 'suspect' } : judged;
      learnLoad(exchange, verdict, result, this.#options.clock.now());
      this.#tellBreakers(exchange, verdict, result);
      if (isForCredentials(result, endpoint)) void this.#renewCredentials();
      this.#outcomes.apply(exchange, verdict, result);
    }
    this.pump();
  };

  #judge({ batch, endpoint, tickets }: Exchange, result: Answer | Error): Verdict {
    const { clock, config } = this.#options;
    if (result instanceof Error) {
      if (isProxyRefusal(result)) return { kind: 'hold', remedy: remedyFor(407, {}) };
      return { kind: 'retry', failure: isUnreached(result) ? 'down' : 'ailing', minimumMs: 0 };
    }
    const verdict = judge(result, batch.events.length, clock.now(), config.answer_check);
    const { refusals } = endpoint;
    if (verdict.kind === 'delivered' || verdict.kind === 'by_index') refusals.took(tickets.request, batch);
    if (verdict.kind !== 'divide') return verdict;
    const decision = refusals.refused(batch);
    if (decision === 'divide') return verdict;
    if (decision === 'wait') return { kind: 'wait' };
    if (decision === 'give_up') return { kind: 'give_up', reason: verdict.reason };
    return { kind: 'hopeless', remedy: remedyFor('refuses_all', result.headers) };
  }

  #tellBreakers(exchange: Exchange, verdict: Verdict, result: Answer | Error): void {
    const { endpoint, tickets } = exchange;
    const { breaker, hold, client } = endpoint;
    if (verdict.kind === 'retry') {
      hold.undecided(tickets.hold);
      this.#failed(endpoint, tickets.endpoint, verdict, result);
      return;
    }
    if (verdict.kind === 'suspect') {
      hold.undecided(tickets.hold);
      breaker.undecided(tickets.endpoint);
      return;
    }
    const { diagnostics } = this.#options;
    if (breaker.succeeded(tickets.endpoint)) {
      const { destination } = diagnostics;
      diagnostics.report({ event: 'endpoint_closed', destination, address: client.address });
    }
    endpoint.isAskedSingly = verdict.kind === 'hold' && verdict.isDoubtful === true;
    if (verdict.kind !== 'hold' && verdict.kind !== 'hopeless') hold.succeeded(tickets.hold);
    else if (hold.failed(tickets.hold, failureOf(verdict), 0)) {
      this.#held(endpoint, diagnostics.describe(result), verdict.remedy);
    }
  }

  /** Also other endpoints may have waited for what is new. */
  async #renewCredentials(): Promise<void> {
    const { diagnostics } = this.#options;
    const changed = await this.#credentials.renew();
    if (changed === undefined || this.#stopping) return;
    const { token } = this.#credentials;
    diagnostics.hide(token);
    diagnostics.report({ event: 'credentials_renewed', destination: diagnostics.destination, ...changed });
    for (const { client, breaker, hold } of this.endpoints) {
      if (changed.token) client.useToken(token);
      if (changed.files) client.useFiles();
      breaker.retryNow();
      hold.retryNow();
    }
  }

  /** The destination as a whole is held when all of its endpoints are. */
  #held(endpoint: Endpoint, message: string, advice: string): void {
    const { diagnostics, clock } = this.#options;
    const { address } = endpoint.client;
    // It may quote where a redirect leads to.
    const remedy = diagnostics.presentable(`${address}: ${advice}`);
    endpoint.remedy = remedy;
    const isWhole = this.endpoints.every(({ isHeld }) => isHeld);
    const retryInMs = endpoint.hold.retryAt - clock.now();
    diagnostics.held(message, remedy, isWhole ? undefined : { address, retryInMs });
  }

  /** Reports an endpoint that has just become unusable; that it still is, the failed batches tell. */
  #failed(
    endpoint: Endpoint,
    ticket: number,
    { failure, minimumMs }: Extract<Verdict, { kind: 'retry' }>,
    result: Answer | Error,
  ): void {
    const { diagnostics, clock } = this.#options;
    const { breaker, client } = endpoint;
    const wasClosed = breaker.state === 'closed';
    if (!breaker.failed(ticket, failure, minimumMs)) return;
    if (!wasClosed && !(result instanceof Error)) endpoint.isAskedSingly = true;
    if (!wasClosed) return;
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
    return Math.min(...this.endpoints.map((endpoint) => endpoint.nextTryMs(now)));
  }
}

/** Refusals that a renewed token or certificate would mend. */
const FOR_CREDENTIALS: ReadonlySet<number> = new Set([400, 401, 403, 495, 496]);

function isForCredentials(result: Answer | Error, { client, isHeld }: Endpoint): boolean {
  if (result instanceof Error) return client.isTls && mayBeCertificate(result);
  return isHeld && FOR_CREDENTIALS.has(result.status);
}
