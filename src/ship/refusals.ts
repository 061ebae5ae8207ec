/**
 * Who is to blame for refusals that name no event: an event, or the endpoint that refuses everything alike. One object
 * per endpoint.
 *
 * A refused batch is divided until an event is refused alone. That alone proves nothing: it waits, and is sent again when
 * the endpoint has taken something else meanwhile. Refused then, too, it is given up. When several events are refused
 * alone and nothing gets through, it is the endpoint: it is held, and nothing is given up.
 */
import type { Batch } from './batch.ts';

/** What a batch, and every part of it, was refused for. */
export interface Doubt {
  /** By endpoint: how many requests it had been sent at its last refusal. What it was sent later, and took, is evidence. */
  readonly requests: ReadonlyMap<Refusals, number>;
  /** Refusals of the event alone. */
  readonly refused: number;
  /** Those of them that followed one by the same endpoint, which had taken something else in between. */
  readonly proven: number;
  /** Where half of the events of a batch cannot be refused unless it is: of its two halves, those that were not taken. */
  readonly halves?: { left: number };
}

/** What was refused is taken. */
function isContradicted({ refused, halves }: Doubt): boolean {
  if (halves !== undefined) halves.left--;
  return refused > 0 || halves?.left === 0;
}

export type Decision = 'divide' | 'wait' | 'give_up' | 'hold';

/** Events that are refused alone, with nothing taken in between, until it is the endpoint. */
const SEVERAL = 3;
/**
 * An endpoint that took after all what it had refused (an event alone; both halves of a batch) refuses at random, as one
 * does behind which one of several servers is broken: it must refuse an event more often, at last so often.
 */
const MOST_PROVEN = 16;
/** Once can be an accident. */
const LEAST_REFUSED = 2;
/** Without anything else to send there is no evidence: an endpoint that took others before is believed after so many. */
const MOST_REFUSED = 8;
/** A request of half of this is evidence for an event of any size. */
const COMPARABLE_BYTES = 2048;
const NO_DOUBT: Doubt = { requests: new Map(), refused: 0, proven: 0 };

export class Refusals {
  #requests = 0;
  /** The last request that was taken, and its size. */
  #taken = { request: 0, bytes: 0 };
  #neededProofs = 1;
  /** Events that were refused alone since something was taken. */
  readonly #alone = new Set<string>();
  readonly #waiting = new Set<() => void>();

  /** That went out: the number of the last one. */
  get requests(): number {
    return this.#requests;
  }

  /** A request goes out. @returns its number */
  sends(): number {
    return ++this.#requests;
  }

  /** Everything is refused, as far as is known. */
  get isHopeless(): boolean {
    return this.#alone.size >= SEVERAL;
  }

  /** The endpoint took a batch, or told exactly what is wrong with which of its events. */
  took(request: number, batch: Batch): void {
    if (request > this.#taken.request) this.#taken = { request, bytes: batch.bytes };
    if (batch.doubt !== undefined && isContradicted(batch.doubt)) {
      this.#neededProofs = Math.min(this.#neededProofs * 2, MOST_PROVEN);
    }
    if (this.#alone.size > 0) this.#alone.clear();
    for (const wake of this.#waiting) wake();
  }

  /** Something was taken that was sent after that request. */
  hasTakenSince(request: number): boolean {
    return this.#taken.request > request;
  }

  /** Calls `wake` as soon as something is taken. @returns what takes that back */
  onTaken(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  /** A batch was refused without a word about its events. */
  refused(batch: Batch): Decision {
    if (this.isHopeless) return 'hold';
    const { requests: known, refused: before, proven: already } = batch.doubt ?? NO_DOUBT;
    const isAlone = batch.events.length === 1;
    const since = known.get(this);
    const isProven = isAlone && since !== undefined && this.#hasTakenComparable(since, batch);
    const refused = before + (isAlone ? 1 : 0);
    const proven = already + (isProven ? 1 : 0);
    const requests = isAlone || since === undefined ? new Map([...known, [this, this.#requests]]) : known;
    batch.doubt = { requests, refused, proven };
    if (!isAlone) return 'divide';
    if (refused >= LEAST_REFUSED && proven >= this.#neededProofs) return 'give_up';
    if (refused - proven >= MOST_REFUSED && this.#taken.request > 0) return 'give_up';
    this.#alone.add(`${batch.delivery.loaded.chunk.sequence}/${batch.events[0]}`);
    return this.isHopeless ? 'hold' : 'wait';
  }

  #hasTakenComparable(request: number, batch: Batch): boolean {
    return this.#taken.request > request && this.#taken.bytes * 2 >= Math.min(batch.bytes, COMPARABLE_BYTES);
  }
}
