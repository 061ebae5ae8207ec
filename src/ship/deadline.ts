/**
 * How long a request may take, and how much of its answer is read. The only place of both.
 *
 * ```
 *  connect        send            wait                  answer
 *  ≤ timeout   ≤ 10 × timeout   ≤ answer_timeout, to    gaps ≤ timeout, all ≤ 10 × timeout
 *                               4 × that where it grew
 * ```
 * The wait is `timeout` where another endpoint works (`EndpointChoice`), and grows with an endpoint that is slow
 * (`AnswerWait`). The deadline of a request is the sum of all: with the defaults 63 s, and 153 s at a Lago that takes so long;
 * nothing that trickles keeps one in flight for longer.
 */

/** The deadline of sending, and of an answer from its beginning on, in times of `timeout`. */
const MOST_TIMEOUTS = 10;

/** @returns milliseconds in which an answer that has begun must be whole, and a request must be sent, once it is connected */
export function answerDeadlineMs(timeoutMs: number): number {
  return timeoutMs * MOST_TIMEOUTS;
}

/** What is read of an answer's headers; behind it the connection is given up. */
export const MOST_HEADER_BYTES = 256 * 1024;
/** Interim answers (1xx) before the answer. */
export const MOST_INTERIM = 100;
/** What is read, and unpacked, of a refusal. Lago's largest names 100 events. */
export const MOST_REFUSAL_BYTES = 256 * 1024;

/**
 * What is read, and unpacked, of a success, which repeats the events: with some 500 bytes of Lago's own each, and with up
 * to six bytes where we sent one (`\u003c`).
 */
export function mostSuccessBytes(sentBytes: number, events: number): number {
  return 64 * 1024 + events * 4096 + sentBytes * 8;
}
