/**
 * One request and its answer. Tells `done` exactly once, when the connection is free again. The body of a success
 * is dropped as it comes (Lago echoes every event), that of a refusal is kept up to a bound.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Clock } from '../types.ts';
import type { Answer } from './answers.ts';
import type { Batch } from './batch.ts';
import type { Endpoint } from './endpoint.ts';
import type { Connection } from './http-client.ts';

/** More of a refusal than this is not needed to understand it. */
const MOST_BODY_BYTES = 1_048_576;
/** undici's timeout starts anew with each piece of the body; an answer that trickles is cut off after this many. */
const MOST_TIMEOUTS = 10;

/** What the breakers handed out when they let the request through. */
export interface Tickets {
  readonly endpoint: number;
  readonly hold: number;
}

/** The same for all requests of a destination. */
export interface ExchangeLimits {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

export class Exchange implements Dispatcher.DispatchHandler {
  readonly batch: Batch;
  readonly endpoint: Endpoint;
  readonly tickets: Tickets;
  /** Holds the request's body. */
  readonly buffer: Buffer;
  readonly #clock: Clock;
  readonly #deadline: number;
  readonly #done: (exchange: Exchange) => void;
  readonly #connection: Connection;
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;
  #finished = false;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #error: Error | undefined;

  constructor(
    batch: Batch,
    endpoint: Endpoint,
    tickets: Tickets,
    buffer: Buffer,
    { clock, timeoutMs }: ExchangeLimits,
    done: (exchange: Exchange) => void,
  ) {
    this.batch = batch;
    this.endpoint = endpoint;
    this.tickets = tickets;
    this.buffer = buffer;
    this.#clock = clock;
    this.#deadline = clock.now() + timeoutMs * MOST_TIMEOUTS;
    this.#done = done;
    this.#connection = endpoint.client.take();
  }

  /** @param bytes of the buffer, which are the request's body */
  send(bytes: number): void {
    this.endpoint.client.post(this.#connection, this.buffer.subarray(0, bytes), this);
  }

  /** The answer, or why there is none. */
  result(): Answer | Error {
    if (this.#error !== undefined) return this.#error;
    return { status: this.#status, headers: this.#headers, body: Buffer.concat(this.#body).toString() };
  }

  /** undici insists on it. */
  onRequestStart(): void {}

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (!this.isStored && this.#bodyBytes < MOST_BODY_BYTES) {
      // A copy: the piece is a view of the socket's buffer.
      this.#body.push(Buffer.from(piece));
      this.#bodyBytes += piece.length;
    }
    if (this.#clock.now() > this.#deadline) controller.abort(new Error('timeout: the answer does not end'));
  }

  onResponseEnd(): void {
    this.#finish(true);
  }

  /** What Lago stored is told by the first line of its answer: a break after that changes nothing. */
  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.isStored) this.#error = error;
    this.#finish(false);
  }

  /** The server has taken all of it. */
  get isStored(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }

  #finish(isConnected: boolean): void {
    if (this.#finished) return;
    this.#finished = true;
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
