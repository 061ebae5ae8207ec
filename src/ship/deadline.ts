/**
 * How long a request may take, and how much of its answer is read. The only place of both.
 *
 * `timeout` bounds each step: connecting, the wait for the answer's first byte, the gaps between its bytes. The deadline
 * bounds all of them together, so that nothing that trickles keeps a request in flight.
 */

/** The deadline of a whole request, in times of `timeout`. */
const MOST_TIMEOUTS = 10;

/** @returns milliseconds from the start of a request until it is given up, whatever has come of its answer */
export function requestDeadlineMs(timeoutMs: number): number {
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
