/**
 * Gives events up: makes their dead letters durable, and only then counts them as settled. A disk that is full
 * delays that; it never loses an event.
 */
import type { Clock, DeadLetter, DeadReason, DeliveryQueue, SealedChunk } from '../types.ts';
import type { Answer } from './answers.ts';
import { fullJitterMs } from './backoff.ts';
import type { Delivery } from './delivery.ts';
import type { Diagnostics } from './diagnostics.ts';

/** An event of a chunk that nothing more can be done about. */
export interface LostCause {
  /** Index within the chunk. */
  readonly event: number;
  /** One sentence for a person. */
  readonly message: string;
}

export interface UndertakerOptions {
  readonly queue: Pick<DeliveryQueue, 'bury'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly diagnostics: Diagnostics;
  /** No more tries after this. */
  readonly signal: AbortSignal;
}

const RETRY_BASE_MS = 1000;
const RETRY_CAP_MS = 30_000;

export class Undertaker {
  readonly #options: UndertakerOptions;
  #pending = 0;

  constructor(options: UndertakerOptions) {
    this.#options = options;
  }

  /** Burials that are not durable yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Resolves when the events are settled as dead, or when stopped before. Never rejects. */
  async bury(
    delivery: Delivery,
    causes: readonly LostCause[],
    reason: DeadReason,
    answer: Answer | undefined,
  ): Promise<void> {
    const letters = causes.map((cause) => this.#letter(delivery, cause, reason, answer));
    this.#pending++;
    const durable = await this.#untilDurable(letters, delivery.loaded.chunk);
    this.#pending--;
    if (!durable) return;
    const { diagnostics } = this.#options;
    const { destination } = diagnostics;
    // A batch whose retries are exhausted has been reported as one.
    if (reason !== 'retries_exhausted') {
      for (const { message } of causes)
        diagnostics.report({ event: 'event_dead', destination, reason, message });
    }
    delivery.settle('dead', causes.length);
  }

  async #untilDurable(letters: readonly DeadLetter[], chunk: SealedChunk): Promise<boolean> {
    const { queue, clock, random, diagnostics, signal } = this.#options;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await queue.bury(letters, chunk);
        return true;
      } catch (error) {
        const waitMs = fullJitterMs(RETRY_BASE_MS, RETRY_CAP_MS, failures, random);
        const problem = error instanceof Error ? error.message : String(error);
        diagnostics.batchFailed(`dead letters cannot be written: ${problem}`, waitMs, failures + 1);
        await clock.sleep(waitMs, signal);
      }
    }
    return false;
  }

  #letter(
    { loaded }: Delivery,
    { event, message }: LostCause,
    reason: DeadReason,
    answer: Answer | undefined,
  ): DeadLetter {
    const { clock, diagnostics } = this.#options;
    const { chunk, source, generation } = loaded;
    const text = loaded.body.toString('utf8', loaded.starts[event], loaded.starts[event + 1]! - 1);
    const lost = eventOf(text);
    const offset = loaded.lineOffsets[event]!;
    const transactionId = 'event' in lost ? String(lost.event?.['transaction_id']) : '';
    return {
      // By the event, not by the chunk: a second replay of a log gives it another chunk.
      id: `${chunk.destination}:${generation.fingerprint}:${offset}:${transactionId}`,
      time: new Date(clock.now()).toISOString(),
      reason,
      message,
      source,
      path: generation.path,
      fingerprint: generation.fingerprint,
      offset,
      destination: chunk.destination,
      ...(answer === undefined ? {} : { answer: diagnostics.record(answer) }),
      ...lost,
    };
  }
}

/** Bytes that are no JSON can only be a bug of ours; they are kept all the same. */
function eventOf(text: string): Pick<DeadLetter, 'event'> | Pick<DeadLetter, 'line'> {
  try {
    return { event: JSON.parse(text) as Record<string, unknown> };
  } catch {
    return { line: text };
  }
}
