/**
 * Whether a failure is that of an event: what fails while others get through at the same endpoint, again and again. The
 * evidence that is kept of one suspect, and what is made of it; `Suspects` keeps the suspects.
 */
import type { Batch } from './batch.ts';
import type { Endpoint } from './endpoint.ts';
import type { Tickets } from './exchange.ts';

/** A request that failed: what is taken of those sent later is evidence. */
export interface Failing {
  readonly endpoint: Endpoint;
  readonly tickets: Tickets;
}

/** What is known of a batch that is suspect, or of a part of it. */
export interface Suspicion {
  /** Something in it is at fault, as far as is known: it is divided, not sent as a whole. */
  isGuilty: boolean;
  /** The other half of what was divided, which waits for the answer to this one. */
  sibling: Batch | undefined;
  /** By endpoint: the last request with it that failed. */
  readonly failed: Map<Endpoint, Failing>;
  /** Endpoints that refused the event alone. */
  readonly by: Set<Endpoint>;
  /** Unix milliseconds of the first failure of the event alone. */
  since: number;
  /** Failures of the event alone … */
  tries: number;
  /** … those that followed one by the same endpoint, which had taken something in between and works … */
  proven: number;
  /** … the same, whether it works all the time or not … */
  evident: number;
  /** … and those in a row for which nothing else was there to be sent: how many, and since when. */
  lonely: { count: number; since: number; sent: number };
  /** Failures in a row without evidence, of several events. */
  unclear: number;
}

/** How often an event is tried, and for how long, until it is given up. */
interface Patience {
  /** Failures of the event alone while others get through. */
  readonly proven: number;
  /** Milliseconds from the first of them to the last. */
  readonly spanMs: number;
  /** Where there is nothing else to be sent: failures in a row … */
  readonly lonely: number;
  /** … and their span in milliseconds. */
  readonly lonelyMs: number;
}

/** After a 5xx or no answer, which may pass by itself. */
export const PATIENT: Patience = { proven: 6, spanMs: 60_000, lonely: 8, lonelyMs: 120_000 };
/** After an answer that says no, or one whose reason is known. */
export const CLEAR: Patience = { proven: 3, spanMs: 10_000, lonely: 2, lonelyMs: 5000 };
/** Where what was refused is taken after all, twice as many are needed from then on, up to this. */
export const MOST_PROVEN = 16;
/** After so many it is not waited for the word of every endpoint. */
const MOST_TRIES = 24;
/** An endpoint that has taken one of the last so many requests takes something. */
const RECENT_REQUESTS = 50;

export function suspicionOf(failing: Failing, isGuilty: boolean, sent: number): Suspicion {
  const failed = new Map([[failing.endpoint, failing]]);
  const lonely = { count: 0, since: 0, sent };
  return {
    isGuilty,
    sibling: undefined,
    failed,
    by: new Set(),
    since: 0,
    tries: 0,
    proven: 0,
    evident: 0,
    lonely,
    unclear: 0,
  };
}

/** Of a part of what was divided. */
export function inherited({ failed, lonely, unclear, evident }: Suspicion): Suspicion {
  return {
    isGuilty: false,
    sibling: undefined,
    failed: new Map(failed),
    by: new Set(),
    since: 0,
    tries: 0,
    proven: 0,
    evident,
    lonely: { ...lonely },
    unclear,
  };
}

/** The endpoint has taken something that was sent after it. */
export function isContrasted({ endpoint, tickets }: Failing): boolean {
  return endpoint.refusals.hasTakenSince(tickets.request);
}

/** The same, and it was not found to be down in between. */
export function isBesideOthers(failing: Failing): boolean {
  return isContrasted(failing) && failing.endpoint.breaker.isStill(failing.tickets.endpoint);
}

/** The endpoint took something not long before the request. */
export function takesOthers({ endpoint, tickets }: Failing): boolean {
  return endpoint.refusals.hasTakenSince(Math.max(0, tickets.request - RECENT_REQUESTS));
}

/**
 * Counts a failure of the event alone.
 * @param sent requests so far with what is no suspect, to any endpoint
 */
export function countTry(suspicion: Suspicion, failing: Failing, sent: number, now: number): void {
  const { endpoint, tickets } = failing;
  const before = suspicion.failed.get(endpoint);
  const isEvident = before !== undefined && isContrasted(before);
  // The same tickets: the endpoint was not found to be down, or closed to everything, in between.
  const isProven =
    isEvident && before.tickets.endpoint === tickets.endpoint && before.tickets.hold === tickets.hold;
  suspicion.failed.set(endpoint, failing);
  suspicion.by.add(endpoint);
  if (suspicion.tries++ === 0) suspicion.since = now;
  if (isEvident) suspicion.evident++;
  if (isProven) suspicion.proven++;
  const { lonely } = suspicion;
  if (isEvident || lonely.sent !== sent) lonely.count = 0;
  else if (lonely.count++ === 0) lonely.since = now;
  lonely.sent = sent;
}

/** @param factor of the proof that is needed: more where endpoints refuse at random */
export function isConvicted(
  { tries, proven, evident, since, lonely, by }: Suspicion,
  patience: Patience,
  factor: number,
  isCrowded: boolean,
  endpoints: readonly Endpoint[],
  now: number,
): boolean {
  const needed = Math.min(Math.ceil(patience.proven * factor), MOST_PROVEN);
  const isSure = proven >= needed && (isCrowded || now - since >= patience.spanMs);
  const isLeft = evident > 0 && lonely.count >= patience.lonely && now - lonely.since >= patience.lonelyMs;
  if (!isSure && !isLeft) return false;
  return tries >= MOST_TRIES || endpoints.every((endpoint) => !endpoint.usable || by.has(endpoint));
}
