/**
 * What becomes of a batch after its answer: settled, divided, sent again now or later, given up. Every event of the
 * batch ends in exactly one of these, so that none is lost or counted twice.
 */
import type { LagoDestinationConfig } from '../config/types.ts';
import type { Clock, DeadReason } from '../types.ts';
import type { Answer, Verdict } from './answers.ts';
import { fullJitterMs } from './backoff.ts';
import type { Backlog } from './backlog.ts';
import { Batch } from './batch.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Endpoint } from './endpoint.ts';
import { isUnreached } from './failures.ts';
import type { LostCause, Undertaker } from './undertaker.ts';

export interface OutcomesOptions {
  readonly config: LagoDestinationConfig;
  readonly backlog: Backlog;
  readonly undertaker: Undertaker;
  readonly diagnostics: Diagnostics;
  readonly clock: Clock;
  readonly random: () => number;
  /** Ends all waits. */
  readonly signal: AbortSignal;
  /** Milliseconds until some endpoint is worth a try. */
  readonly nextTryMs: () => number;
  /** Something is ready again, or settled. */
  readonly resume: () => void;
}

/** The longest wait between two tries of a batch. */
export const BACKOFF_CAP_MS = 60_000;
/** `retry_delay: 0` must not become a busy loop. */
const LEAST_BACKOFF_MS = 100;
/** After so many failures, while other batches get through, a batch is divided so that it holds up fewer events. */
const SUSPECT_AFTER = 3;

/** The base of exponential waits: `retry_delay`. */
export function backoffBaseMs(config: LagoDestinationConfig): number {
  return Math.max(config.retry_delay * 1000, LEAST_BACKOFF_MS);
}

export class Outcomes {
  readonly #options: OutcomesOptions;

  constructor(options: OutcomesOptions) {
    this.#options = options;
  }

  /** @param endpoint its breaker knows the verdict already */
  apply(batch: Batch, verdict: Verdict, result: Answer | Error, endpoint: Endpoint): void {
    const { backlog, diagnostics } = this.#options;
    switch (verdict.kind) {
      case 'delivered':
        batch.delivery.settle('delivered', batch.events.length);
        backlog.passed(batch);
        return;
      case 'by_index':
        this.#byIndex(batch, verdict, result as Answer);
        return;
      case 'too_many': {
        const size = Math.floor(batch.events.length / 2);
        if (backlog.lowerEvents(size)) {
          diagnostics.report({ event: 'batch_size_lowered', destination: diagnostics.destination, size });
        }
        backlog.giveBackFirst(batch);
        return;
      }
      case 'divide':
        this.#divide(batch, verdict.reason, result as Answer);
        return;
      case 'wait':
        void this.#wait(batch, result as Answer, endpoint);
        return;
      case 'give_up': {
        const [event] = batch.events;
        const message = diagnostics.describe(result);
        this.#reportRefusal(batch, message, 0);
        this.#bury(batch, [{ event: event!, message }], verdict.reason, result as Answer);
        return;
      }
      case 'hold':
      case 'hopeless':
        backlog.giveBackFirst(batch);
        return;
      case 'retry':
        this.#retry(batch, verdict.minimumMs, result, endpoint);
    }
  }

  #byIndex(batch: Batch, verdict: Extract<Verdict, { kind: 'by_index' }>, answer: Answer): void {
    const { backlog, diagnostics } = this.#options;
    const { delivery, events } = batch;
    const settled = new Set(verdict.duplicates);
    for (const { index } of verdict.rejected) settled.add(index);
    const rest = events.filter((_event, index) => !settled.has(index));
    if (rest.length > 0) backlog.giveBackFirst(new Batch(delivery, rest, 0, batch.divided));
    delivery.settle('duplicates', verdict.duplicates.length);
    if (verdict.rejected.length === 0) return;
    const message = diagnostics.describe(answer);
    // As the plugin has it: in brackets stands what remains to be sent, and nothing where that is all or none.
    if (rest.length === 0) diagnostics.batchFailed(message, 0, batch.failures + 1);
    else diagnostics.batchPartlyFailed(message, settled.size, events.length);
    const causes = verdict.rejected.map(({ index, detail }) => ({
      event: events[index]!,
      message: `lago rejected the event: ${diagnostics.presentable(detail)}`,
    }));
    this.#bury(batch, causes, 'rejected', answer);
  }

  #divide(batch: Batch, reason: 'poison' | 'too_large', answer: Answer): void {
    const { backlog, diagnostics } = this.#options;
    this.#reportRefusal(batch, diagnostics.describe(answer), 0);
    if (reason === 'too_large') backlog.lowerBytes(Math.floor(batch.bytes / 2));
    const [first, second] = batch.divide(batch.events.length >>> 1, true);
    if (reason === 'poison') first.doubt = second.doubt = { ...batch.doubt!, halves: { left: 2 } };
    backlog.giveBackFirst(second);
    backlog.giveBackFirst(first);
  }

  /** The search for the event that is at fault is not worth a line for each step. */
  #reportRefusal(batch: Batch, message: string, retryInMs: number): void {
    const isKnown = batch.divided || (batch.doubt?.refused ?? 0) > 1;
    if (!isKnown) this.#options.diagnostics.batchFailed(message, retryInMs, batch.failures + 1);
  }

  /** Until the endpoint has taken something else, but not for ever. */
  async #wait(batch: Batch, answer: Answer, { refusals }: Endpoint): Promise<void> {
    const { backlog, config, clock, diagnostics, random, signal, resume } = this.#options;
    const { refused } = batch.doubt!;
    const waitMs = fullJitterMs(backoffBaseMs(config), BACKOFF_CAP_MS, refused - 1, random);
    if (refused === 1) this.#reportRefusal(batch, diagnostics.describe(answer), waitMs);
    else diagnostics.batchFailed(diagnostics.describe(answer), waitMs, batch.failures + refused);
    const taken = new AbortController();
    const forget = refusals.onTaken(() => {
      // Not always the next request: where requests go to servers in turn, that would always meet the same one.
      if (random() <= 0.5) taken.abort();
    });
    await clock.sleep(waitMs, AbortSignal.any([signal, taken.signal]));
    forget();
    if (signal.aborted) return;
    backlog.giveBack(batch);
    resume();
  }

  /**
   * A batch that never reached the server is not to blame: it goes to the next endpoint that works. Any other waits
   * for itself, whatever the breakers say, so that one that breaks the server does not come back first.
   */
  #retry(batch: Batch, minimumMs: number, result: Answer | Error, endpoint: Endpoint): void {
    const { config, backlog, diagnostics, nextTryMs, random } = this.#options;
    const message = diagnostics.describe(result);
    const most = config.max_retry_count;
    const attempt = ++batch.failures;
    if (most !== undefined && attempt > most) {
      this.#exhausted(batch, most, message, result);
    } else if (result instanceof Error && isUnreached(result)) {
      diagnostics.batchFailed(message, nextTryMs(), attempt);
      backlog.giveBack(batch);
    } else {
      const jitterMs = fullJitterMs(backoffBaseMs(config), BACKOFF_CAP_MS, attempt - 1, random);
      const waitMs = Math.max(minimumMs, jitterMs);
      diagnostics.batchFailed(message, waitMs, attempt);
      if (result instanceof Error) this.#cutOff(batch, endpoint);
      const othersSucceed = endpoint.breaker.state === 'closed';
      void this.#sendLater(batch, waitMs, attempt >= SUSPECT_AFTER && othersSucceed);
    }
  }

  /** Something on the way may take only so many bytes, and not say so: where nothing gets through, smaller ones are tried. */
  #cutOff(batch: Batch, { breaker }: Endpoint): void {
    const { backlog } = this.#options;
    backlog.cutOff(batch);
    if (breaker.state !== 'closed' && batch.events.length > 1)
      backlog.lowerBytes(Math.floor(batch.bytes / 2));
  }

  async #sendLater(batch: Batch, waitMs: number, suspect: boolean): Promise<void> {
    const { backlog, clock, signal, resume } = this.#options;
    await clock.sleep(waitMs, signal);
    if (signal.aborted) return;
    const half = batch.events.length >>> 1;
    if (suspect && half > 0) for (const part of batch.divide(half, false)) backlog.giveBack(part);
    else backlog.giveBack(batch);
    resume();
  }

  #exhausted(batch: Batch, maxRetryCount: number, message: string, result: Answer | Error): void {
    const { diagnostics } = this.#options;
    const { destination } = diagnostics;
    diagnostics.batchFailed(message, 0, batch.failures);
    diagnostics.report({
      event: 'retries_exhausted',
      destination,
      maxRetryCount,
      events: batch.events.length,
    });
    const causes = Array.from(batch.events, (event) => ({ event, message }));
    this.#bury(batch, causes, 'retries_exhausted', result instanceof Error ? undefined : result);
  }

  #bury(batch: Batch, causes: readonly LostCause[], reason: DeadReason, answer: Answer | undefined): void {
    const { undertaker, resume } = this.#options;
    void undertaker.bury(batch.delivery, causes, reason, answer).then(resume);
  }
}
