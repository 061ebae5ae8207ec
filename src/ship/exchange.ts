/**
 * One request and its answer. Tells `done` exactly once, when the connection is free again. What is read of the answer
 * is bounded in bytes and in time (deadline.ts), whatever the server does.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { AnswerBody } from './answer-body.ts';
import type { Answer } from './answers.ts';
import type { Batch } from './batch.ts';
import { MOST_INTERIM } from './deadline.ts';
import type { Endpoint } from './endpoint.ts';
import type { Connection } from './http-client.ts';

/** What the breakers handed out when they let the request through. */
export interface Tickets {
  readonly endpoint: number;
  readonly hold: number;
  /** The request's number at the endpoint. */
  readonly request: number;
}

/** The same for all requests of a destination. */
export interface ExchangeLimits {
  /** When it is looked for the first time whether a request takes too long, from its start. */
  readonly firstLookMs: number;
  /** From the end of a request until its answer must have begun; may change while it is waited for. */
  readonly waitMs: (endpoint: Endpoint) => number;
  /** Between the pieces of an answer. */
  readonly gapMs: number;
  /** For connecting and sending, and for an answer that has begun. */
  readonly answerMs: number;
  /** Whether a success must repeat the events; without it its status alone counts. */
  readonly strict: boolean;
}

/** How often it is looked whether a request takes too long. */
const LOOK_MS = 5000;
/** These mean something only when the whole of their body is known. */
const TOLD_BY_BODY: ReadonlySet<number> = new Set([400, 413, 422]);

export class Exchange implements Dispatcher.DispatchHandler {
  readonly batch: Batch;
  readonly endpoint: Endpoint;
  readonly tickets: Tickets;
  /** Holds the request's body. */
  readonly buffer: Buffer;
  readonly #limits: ExchangeLimits;
  readonly #done: (exchange: Exchange) => void;
  readonly #connection: Connection;
  /** When the current step began (connecting, the wait, the answer), in milliseconds of `performance.now`. */
  #since = performance.now();
  #sentAt = 0;
  /** What had been read from its connection then. */
  #readBefore = 0;
  #hasBegun = false;
  /** When the last piece of the answer came. */
  #lastAt = 0;
  /** Milliseconds until the answer began. */
  answerMs = 0;
  /** It was sent, and no answer began while it was waited for. */
  isGivenUp = false;
  #look: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #finished = false;
  #interim = 0;
  #bytes = 0;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #body: AnswerBody | undefined;
  /** Enough of the answer was read. */
  #isCut = false;
  #error: Error | undefined;

  constructor(
    batch: Batch,
    endpoint: Endpoint,
    tickets: Tickets,
    buffer: Buffer,
    limits: ExchangeLimits,
    done: (exchange: Exchange) => void,
  ) {
    this.batch = batch;
    this.endpoint = endpoint;
    this.tickets = tickets;
    this.buffer = buffer;
    this.#limits = limits;
    this.#done = done;
    this.#connection = endpoint.client.take();
    if (endpoint.inFlight === 1) endpoint.silentSince = this.#since;
    this.#look = setTimeout(this.#checkTime, limits.firstLookMs);
  }

  /** @param bytes of the buffer, which are the request's body */
  send(bytes: number): void {
    this.#bytes = bytes;
    this.endpoint.client.post(this.#connection, this.buffer.subarray(0, bytes), this);
  }

  /** The answer, or why there is none. */
  result(): Answer | Error {
    const status = this.#status;
    const isWhole = this.#error === undefined && !this.#isCut;
    if (this.#error !== undefined) {
      const isClear = status !== 0 && (this.isTaken ? !this.#limits.strict : !TOLD_BY_BODY.has(status));
      if (!isClear) return this.#error;
    }
    const headers = this.#headers;
    const body = this.#body?.read(isWhole);
    if (body === undefined) return { status, headers, body: '', isWhole, confirmed: false };
    return { status, headers, body: body.text, isWhole: body.isWhole, confirmed: body.confirmed };
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#since = this.#sentAt = performance.now();
    this.#readBefore = this.endpoint.client.bytesRead(this.#connection);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) {
      if (++this.#interim > MOST_INTERIM) {
        controller.abort(new Error(`more than ${MOST_INTERIM} interim answers (${status}) and no answer`));
      }
      return;
    }
    this.#status = status;
    this.#headers = headers;
    const now = performance.now();
    this.#begins(now);
    this.#lastAt = now;
    this.answerMs = now - this.#sentAt;
    this.endpoint.heard(now, this.answerMs);
    const { strict } = this.#limits;
    this.#body = new AnswerBody(status, headers, { batch: this.batch, bytes: this.#bytes, strict });
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.#lastAt = performance.now();
    // Of a proxy's refusal undici tells the body after the error.
    if (this.#body === undefined || this.#body.take(piece)) return;
    this.#isCut = true;
    controller.abort(new Error('the answer is too long'));
  }

  onResponseEnd(): void {
    this.#finish(true);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#isCut) this.#error ??= error;
    this.#finish(false);
  }

  /** The server has taken all of it: its buffer may be used again. */
  get isTaken(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }

  /** The only timer of a request: most end before it is due for the first time. */
  readonly #checkTime = (): void => {
    const now = performance.now();
    const { answerMs, waitMs } = this.#limits;
    const { client } = this.endpoint;
    const isSent = this.#sentAt > 0 && client.hasSent(this.#connection);
    // One interim answer is no beginning: it says that the request has come.
    const hasRead = this.#interim !== 1 && client.bytesRead(this.#connection) > this.#readBefore;
    if (isSent && !this.#hasBegun && hasRead) this.#begins(now);
    const isWaiting = isSent && !this.#hasBegun;
    const mostMs = isWaiting ? waitMs(this.endpoint) : answerMs;
    const gapMs = this.#status === 0 ? Number.POSITIVE_INFINITY : this.#lastAt + this.#limits.gapMs - now;
    const leftMs = Math.min(gapMs, this.#since + mostMs - now);
    // Timers come up to a millisecond early.
    if (leftMs > 1) this.#look = setTimeout(this.#checkTime, Math.min(leftMs, LOOK_MS));
    else if (isWaiting) this.#giveUp(now - this.#sentAt, mostMs);
    else if (gapMs <= 1) this.#expire(`timeout: no more of the answer for ${seconds(this.#limits.gapMs)} s`);
    else
      this.#expire(`timeout: ${this.#hasBegun ? 'no whole answer' : 'not sent'} within ${seconds(mostMs)} s`);
  };

  #begins(now: number): void {
    this.#hasBegun = true;
    this.#since = now;
  }

  #giveUp(waitedMs: number, mostMs: number): void {
    const { wait } = this.endpoint;
    this.isGivenUp = true;
    this.endpoint.triesAgain = true;
    this.endpoint.answerMs = Math.max(waitedMs, mostMs);
    if (mostMs >= wait.currentMs) wait.expired();
    this.#expire(`timeout: no answer within ${seconds(mostMs)} s`);
  }

  #expire(message: string): void {
    const error = new Error(message);
    this.#error = error;
    if (this.#controller === undefined) this.endpoint.client.renew(this.#connection);
    else this.#controller.abort(error);
  }

  #finish(isConnected: boolean): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#look);
    const { client } = this.endpoint;
    try {
      if (isConnected) client.giveBack(this.#connection);
      else client.renew(this.#connection);
      this.#done(this);
    } catch (error) {
      // A bug of ours. undici would take it for a broken connection, and the batch would silently be forgotten.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10;
