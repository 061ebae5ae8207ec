/**
 * Batches that fail while others get through at the same endpoint. Each is divided, half by half, until the event that is
 * at fault fails alone, and that is tried again with longer and longer waits until it is taken or given up.
 *
 * Guarantees: what is no suspect never waits for a suspect. Suspects have a part of the requests in flight at most, keep
 * copies of their own events instead of their chunks, and all of them a bounded memory. Their failures are no evidence
 * against an endpoint, and while everything fails none of them counts.
 */
import type { LagoDestinationConfig } from '../config/types.ts';
import type { Clock } from '../types.ts';
import type { Answer } from './answers.ts';
import { Batch } from './batch.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Endpoint } from './endpoint.ts';
import {
  CLEAR,
  MOST_PROVEN,
  PATIENT,
  countTry,
  inherited,
  isContrasted,
  isConvicted,
  suspicionOf,
} from './suspicion.ts';
import type { Failing } from './suspicion.ts';

export interface SuspectsOptions {
  readonly config: LagoDestinationConfig;
  readonly clock: Clock;
  readonly random: () => number;
  readonly diagnostics: Diagnostics;
  /** Ends all waits. */
  readonly signal: AbortSignal;
  readonly endpoints: () => readonly Endpoint[];
  /** One may be sent again. */
  readonly resume: () => void;
}

/** Of all suspects together, with what each of them costs besides. */
export const MOST_BYTES = 16 * 1024 * 1024;
/** What a suspect costs besides its bytes. */
const OVERHEAD_BYTES = 1024;
/** Of the requests in flight, this part at most, as long as there are others to be sent. */
const SHARE = 4;
const BASE_MS = 1000;
const CAP_MS = 60_000;
/** When so many others in a row turned out to be suspects, what there is of these is sent first. */
const HARDLY_CLEAN = 4;
/** Where there are too many, none waits longer. */
const CROWDED_CAP_MS = 4000;
/** What is known of an endpoint's ways is believed for so long. */
const KNOWN_MS = 300_000;
/** The event was refused alone so often, while others were taken, that the kind of answer is known. */
const TELLING = 2;

/** What an endpoint answered: its status, or 0 for none. */
export const kindOf = (result: Answer | Error): number => (result instanceof Error ? 0 : result.status);

export class Suspects {
  readonly #options: SuspectsOptions;
  readonly #ready: Batch[] = [];
  /** By endpoint and kind of answer: when it last answered so to an event, and not to others. */
  readonly #known = new Map<Endpoint, Map<number, number>>();
  readonly #inFlight = new Set<Batch>();
  #events = 0;
  #bytes = 0;
  #isFull = false;
  #factor = 1;
  /** Requests with others. */
  #sent = 0;
  /** One went out since the last one with a suspect. */
  #hasTurn = true;
  /** Batches that were taken in since others got through. */
  #addedInARow = 0;

  constructor(options: SuspectsOptions) {
    this.#options = options;
  }

  /** Events that are suspect. */
  get events(): number {
    return this.#events;
  }

  /** No more are taken in: some of those that fail keep their chunks' places meanwhile. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  /** A request with what is no suspect goes out. */
  othersSent(batch: Batch): void {
    this.#hasTurn = true;
    // One that failed before says nothing of the endpoint.
    if (batch.failures === 0) this.#sent++;
  }

  /** Most batches are taken: an outage makes no suspects. */
  get isRare(): boolean {
    return this.#addedInARow < HARDLY_CLEAN;
  }

  /** What is no suspect got through. */
  othersPassed(batch: Batch): void {
    // Of a single event, as a probe is, little follows for others.
    if (batch.events.length > 1) this.#addedInARow = 0;
  }

  /**
   * Takes a batch in, or its events.
   * @param isGuilty something in it is at fault; otherwise it is sent as a whole once more
   * @param isEvident others are taken, as far as is known
   * @returns whether there is room
   */
  add(batch: Batch, failing: Failing, isGuilty: boolean, isEvident = false): boolean {
    const weight = weightOf(batch);
    if (this.#bytes + weight > MOST_BYTES) {
      this.#tellFull();
      return false;
    }
    const suspect = apart(batch);
    suspect.suspicion = suspicionOf(failing, isGuilty, this.#sent);
    if (isEvident) suspect.suspicion.evident = 1;
    if (suspect.events.length === 1) this.#isKnownAs(suspect, failing);
    this.#addedInARow++;
    this.#events += batch.events.length;
    this.#bytes += weight;
    this.#ready.push(suspect);
    return true;
  }

  /** @param hasOthers something else is ready to be sent */
  take(hasOthers: boolean): Batch | undefined {
    if (this.#ready.length === 0 || (hasOthers && !this.#mayGo)) return undefined;
    this.#hasTurn = false;
    const batch = this.#ready.shift()!;
    const { isGuilty } = batch.suspicion!;
    const chosen = isGuilty && batch.events.length > 1 ? this.#divide(batch) : batch;
    this.#inFlight.add(chosen);
    return chosen;
  }

  /** Its events are settled, or no suspects any more. What they were suspect with is looked at again. */
  leave(batch: Batch): void {
    const suspicion = batch.suspicion!;
    this.#inFlight.delete(batch);
    batch.suspicion = undefined;
    this.#events -= batch.events.length;
    this.#bytes -= weightOf(batch);
    if (this.#bytes < MOST_BYTES / 2) this.#isFull = false;
    if (suspicion.sibling !== undefined) this.#ready.push(suspicion.sibling);
  }

  /** It was taken: so it is the other half that is at fault. */
  passed(batch: Batch): void {
    const { sibling, proven, failed } = batch.suspicion!;
    if (sibling !== undefined) sibling.suspicion!.isGuilty = true;
    if (proven > 0) {
      // The endpoint refuses at random.
      this.#factor = Math.min(this.#factor * 2, MOST_PROVEN);
      for (const endpoint of failed.keys()) this.#known.delete(endpoint);
    }
    this.leave(batch);
  }

  /** It was not looked at, for reasons that have nothing to do with it. */
  back(batch: Batch, failing: Failing): void {
    this.#inFlight.delete(batch);
    const { failed } = batch.suspicion!;
    if (!failed.has(failing.endpoint)) failed.set(failing.endpoint, failing);
    this.#freeSibling(batch);
    this.#ready.push(batch);
  }

  /** Some of its events are settled. @param rest of the same delivery; undefined when all are */
  partly(batch: Batch, rest: Batch | undefined): void {
    const suspicion = batch.suspicion!;
    this.leave(batch);
    if (rest === undefined) return;
    rest.suspicion = { ...suspicion, sibling: undefined };
    this.#events += rest.events.length;
    this.#bytes += weightOf(rest);
    this.#ready.push(rest);
  }

  /**
   * It failed, and the endpoint is not known to be down.
   * @param isClear the answer says that, or why, it is refused
   * @returns milliseconds until the next try, or `give_up`, of an event alone
   */
  failed(batch: Batch, failing: Failing, kind: number, isClear: boolean): number | 'give_up' {
    const suspicion = batch.suspicion!;
    this.#inFlight.delete(batch);
    this.#freeSibling(batch);
    if (batch.events.length === 1) return this.#failedAlone(batch, failing, kind, isClear);
    const before = suspicion.failed.get(failing.endpoint);
    suspicion.failed.set(failing.endpoint, failing);
    const wasContrasted = before === undefined || isContrasted(before);
    suspicion.isGuilty ||= wasContrasted;
    suspicion.unclear = wasContrasted ? 0 : suspicion.unclear + 1;
    if (wasContrasted && isClear && !batch.isLarge) this.#learn(failing.endpoint, kind);
    const waitMs = wasContrasted ? 0 : this.#waitMs(suspicion.unclear - 1);
    if (waitMs === 0) this.#ready.push(batch);
    else void this.#readyAfter(batch, waitMs);
    return waitMs;
  }

  /** An endpoint is known to answer so to some events only. */
  knows(endpoint: Endpoint, kind: number): boolean {
    const at = this.#known.get(endpoint)?.get(kind);
    return at !== undefined && this.#options.clock.now() - at < KNOWN_MS;
  }

  get #mayGo(): boolean {
    if (!this.isRare || this.#bytes > MOST_BYTES / 2) return true;
    const { concurrency } = this.#options.config;
    if (this.#inFlight.size >= Math.max(1, Math.floor(concurrency / SHARE))) return false;
    return concurrency >= SHARE || this.#hasTurn;
  }

  #failedAlone(batch: Batch, failing: Failing, kind: number, isClear: boolean): number | 'give_up' {
    const { clock, endpoints } = this.#options;
    const suspicion = batch.suspicion!;
    const now = clock.now();
    countTry(suspicion, failing, this.#sent, now);
    if (suspicion.evident >= TELLING && !batch.isLarge) this.#learn(failing.endpoint, kind);
    const patience = isClear && suspicion.proven > 0 ? CLEAR : PATIENT;
    if (isConvicted(suspicion, patience, this.#factor, this.#isFull, endpoints(), now)) return 'give_up';
    const waitMs = this.#waitMs(suspicion.tries - 1);
    void this.#readyAfter(batch, waitMs);
    return waitMs;
  }

  /** What fails alone has been tried alone once. */
  #isKnownAs(suspect: Batch, failing: Failing): void {
    const suspicion = suspect.suspicion!;
    suspicion.tries = 1;
    suspicion.since = this.#options.clock.now();
    suspicion.by.add(failing.endpoint);
  }

  /** The half to be sent; where events are large, each may well be at fault for itself. */
  #divide(batch: Batch): Batch {
    const suspicion = batch.suspicion!;
    this.#bytes -= weightOf(batch);
    const size = batch.isLarge ? 1 : batch.events.length >>> 1;
    const [first, ...others] = partsOf(batch, size);
    for (const part of [first!, ...others]) {
      part.suspicion = inherited(suspicion);
      this.#bytes += weightOf(part);
    }
    if (batch.isLarge) this.#ready.push(...others);
    else first!.suspicion!.sibling = others[0]!;
    return first!;
  }

  /** Nothing follows for the other half: it is looked at for itself. */
  #freeSibling(batch: Batch): void {
    const suspicion = batch.suspicion!;
    if (suspicion.sibling !== undefined) this.#ready.push(suspicion.sibling);
    suspicion.sibling = undefined;
  }

  #waitMs(tries: number): number {
    const { random } = this.#options;
    const cap = this.#isFull ? CROWDED_CAP_MS : CAP_MS;
    return Math.min(BASE_MS * 2 ** Math.min(tries, 30), cap) * (0.5 + random() / 2);
  }

  async #readyAfter(batch: Batch, waitMs: number): Promise<void> {
    const { clock, signal, resume } = this.#options;
    await clock.sleep(waitMs, signal);
    if (signal.aborted) return;
    this.#ready.push(batch);
    resume();
  }

  #learn(endpoint: Endpoint, kind: number): void {
    let kinds = this.#known.get(endpoint);
    if (kinds === undefined) this.#known.set(endpoint, (kinds = new Map()));
    kinds.set(kind, this.#options.clock.now());
  }

  #tellFull(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    const { diagnostics } = this.#options;
    diagnostics.report({
      event: 'suspects_full',
      destination: diagnostics.destination,
      events: this.#events,
    });
  }
}

const weightOf = ({ bytes }: Batch): number => bytes + OVERHEAD_BYTES;

/** The same events, with bytes of their own. */
function apart(batch: Batch): Batch {
  const { events, delivery, failures, isLarge } = batch;
  const copy = new Batch(delivery.setAside(events), Uint32Array.from(events.keys()), failures, true);
  copy.isLarge = isLarge;
  return copy;
}

/** Parts of so many events, with bytes of their own, so that none keeps those of the others. */
function partsOf(batch: Batch, size: number): Batch[] {
  const parts: Batch[] = [];
  let rest = batch;
  while (rest.events.length > size && (parts.length === 0 || batch.isLarge)) {
    const [part, others] = rest.divide(size, true);
    parts.push(apart(part));
    rest = others;
  }
  parts.push(apart(rest));
  return parts;
}
