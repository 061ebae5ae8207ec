/**
 * Faults for tests: what happens to the next requests that carry events, instead of a plain answer.
 */

export type Fault =
  /** Answers this and stores nothing. `body` is sent as JSON, a string as it is. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
    }
  /** Never answers; the connection stays open until the client or the sandbox closes it. */
  | { readonly kind: 'hang'; readonly when: FaultMoment }
  /** Resets the connection. */
  | { readonly kind: 'reset'; readonly when: FaultMoment }
  /** Answers as usual, but late. */
  | { readonly kind: 'delay'; readonly ms: number };

/** `before`: nothing is stored. `after`: the events are stored, only the answer is lost. */
export type FaultMoment = 'before' | 'after';

/** Decides for each request to an event endpoint; `request` counts from 1, `events` are those that it carries. */
export type FaultPlan = (request: number, events: number) => Fault | undefined;

export class Faults {
  #queue: Fault[] = [];
  #plan: FaultPlan | undefined;
  #requests = 0;

  /** The next `count` event requests meet this fault; they line up behind those that wait already. */
  next(count: number, fault: Fault): void {
    for (let i = 0; i < count; i++) this.#queue.push(fault);
  }

  /** Asks `plan` for every request that `next` has nothing for: an outage, or faults at random. */
  always(plan: Fault | FaultPlan): void {
    this.#plan = typeof plan === 'function' ? plan : () => plan;
  }

  /** Back to normal, from the next request on. */
  clear(): void {
    this.#queue = [];
    this.#plan = undefined;
  }

  /** How many faults of `next` nobody has met yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** The fault for the request that has just arrived. */
  take(events: number): Fault | undefined {
    this.#requests++;
    return this.#queue.shift() ?? this.#plan?.(this.#requests, events);
  }
}
