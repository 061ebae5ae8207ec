/**
 * A batch: the events of one request, all of one chunk. It exists from the moment it is put together until each of
 * its events is settled or handed to another batch; its events belong to no other batch meanwhile.
 */
import type { Delivery } from './delivery.ts';
import type { Doubt } from './refusals.ts';
import type { Failing, Suspicion } from './suspicion.ts';

const COMMA = 0x2c;
const HEAD = Buffer.from('{"events":[');
const TAIL = Buffer.from(']}');

export class Batch {
  readonly delivery: Delivery;
  /** Indices of its events within the chunk, in the order of the request, which is that of the chunk. Never empty. */
  readonly events: Uint32Array;
  /** Transient failures so far; the parts of a divided batch inherit them. */
  failures: number;
  /** A part of a batch that was refused: what it was refused for has been reported. */
  readonly divided: boolean;
  /** Of what was refused without a word about its events; the parts of a divided batch inherit it. */
  doubt: Doubt | undefined;
  /** Of larger events than `large_event_bytes`. */
  isLarge = false;
  /** It was refused in a way that may mean everything, or only this. */
  refusal: Failing | undefined;
  /** The first request with it, or with what it is a part of, that failed. */
  firstFailing: Failing | undefined;
  /** While it is one of the suspects. */
  suspicion: Suspicion | undefined;

  constructor(delivery: Delivery, events: Uint32Array, failures = 0, divided = false) {
    this.delivery = delivery;
    this.events = events;
    this.failures = failures;
    this.divided = divided;
  }

  /** Bytes of the request's body. */
  get bytes(): number {
    const { starts } = this.delivery.loaded;
    const { events } = this;
    const first = events[0]!;
    const last = events[events.length - 1]!;
    let bytes = HEAD.length + TAIL.length - 1;
    if (last - first === events.length - 1) return bytes + starts[last + 1]! - starts[first]!;
    for (const event of events) bytes += starts[event + 1]! - starts[event]!;
    return bytes;
  }

  /**
   * Writes `{"events":[…]}` to the start of `request`, which has room for `bytes`: runs of neighbours are copied as
   * they stand, and the newlines between become commas in the copy, which is in the processor's cache by then.
   */
  encode(request: Buffer): void {
    const { loaded } = this.delivery;
    const { body, starts } = loaded;
    const { events } = this;
    let at = HEAD.copy(request);
    for (let i = 0; i < events.length;) {
      const first = events[i]!;
      const from = starts[first]!;
      let next = first + 1;
      for (i++; i < events.length && events[i] === next; i++) next++;
      body.copy(request, at, from, starts[next]);
      for (let event = first; event < next; event++) request[at + starts[event + 1]! - from - 1] = COMMA;
      at += starts[next]! - from;
    }
    // The last comma is none.
    at--;
    TAIL.copy(request, at);
  }

  /**
   * The first `size` events and the rest, which must not be empty.
   * @param refused because the batch was refused, not because it is too long by now
   */
  divide(size: number, refused: boolean): [Batch, Batch] {
    const { delivery, events, failures } = this;
    const divided = this.divided || refused;
    const parts: [Batch, Batch] = [
      new Batch(delivery, events.subarray(0, size), failures, divided),
      new Batch(delivery, events.subarray(size), failures, divided),
    ];
    for (const part of parts) {
      part.doubt = this.doubt;
      part.isLarge = this.isLarge;
      part.refusal = this.refusal;
      part.firstFailing = this.firstFailing;
    }
    return parts;
  }
}
