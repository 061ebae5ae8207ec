/**
 * What becomes of a batch after its answer: settled, divided, sent again now or later, given up. Every event of the
 * batch ends in exactly one of these, so that none is lost or counted twice.
 */
import type { LagoDestinationConfig } from '../config/types.ts';
import type { Clock, DeadReason } from '../types.ts';
import { isErrorOfLago } from './answers.ts';
import type { Answer, Verdict } from './answers.ts';
import { fullJitterMs } from './backoff.ts';
import type { Backlog } from './backlog.ts';
import { Batch } from './batch.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Endpoint } from './endpoint.ts';
import type { Exchange } from './exchange.ts';
import { isUnreached } from './failures.ts';
import { kindOf } from './suspects.ts';
import { isBesideOthers, isContrasted, takesOthers } from './suspicion.ts';
import type { Failing } from './suspicion.ts';
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
  /** Whether another one works. */
  readonly hasOther: (than: Endpoint) => boolean;
  /** Something is ready again, or settled. */
  readonly resume: () => void;
}

/** The longest wait between two tries of a batch. */
export const BACKOFF_CAP_MS = 60_000;
/** `retry_delay: 0` must not become a busy loop. */
const LEAST_BACKOFF_MS = 100;

/** After so many failures a batch is divided, so that it holds up fewer events. */
const STUCK_AFTER = 3;

type Transient = Extract<Verdict, { kind: 'retry' }>;

/** The base of exponential waits: `retry_delay`. */
export function backoffBaseMs(config: LagoDestinationConfig): number {
  return Math.max(config.retry_delay * 1000, LEAST_BACKOFF_MS);
}

export class Outcomes {
  readonly #options: OutcomesOptions;

  constructor(options: OutcomesOptions) {
    this.#options = options;
  }

  /** As far as is known the batch is at fault: the endpoint takes others. */
  isSuspect({ batch, endpoint, tickets }: Exchange, verdict: Verdict, result: Answer | Error): boolean {
    const { suspects } = this.#options.backlog;
    const { suspicion } = batch;
    const isKnown = suspects.knows(endpoint, kindOf(result));
    if (verdict.kind === 'retry') {
      if (!mayBeItself(verdict, result)) return false;
      if (suspicion !== undefined) return true;
      if (!isKnown && !isUnstorable(batch, result)) return false;
      return suspects.isRare && takesOthers({ endpoint, tickets });
    }
    if (verdict.kind !== 'hold' || verdict.isDoubtful !== true) return false;
    if (suspicion === undefined) return isKnown && takesOthers({ endpoint, tickets });
    const before = suspicion.failed.get(endpoint);
    // Where nothing else is sent, one event that was refused beside others that were taken is still the cause.
    return suspicion.evident > 0 || (before !== undefined && isContrasted(before));
  }

  /** The endpoint's breakers know the verdict already. */
  apply(exchange: Exchange, verdict: Verdict, result: Answer | Error): void {
    const { batch, endpoint, tickets } = exchange;
    const { backlog, diagnostics } = this.#options;
    const wasSuspect = batch.suspicion !== undefined;
    if (wasSuspect && this.#ofSuspect(batch, verdict, { endpoint, tickets })) return;
    switch (verdict.kind) {
      case 'delivered':
        batch.delivery.settle('delivered', batch.events.length);
        backlog.passed(batch);
        if (!wasSuspect) backlog.suspects.othersPassed(batch);
        return;
      case 'suspect':
        this.#suspect(batch, { endpoint, tickets }, result);
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
        if (verdict.isDoubtful === true) batch.refusal ??= { endpoint, tickets };
        backlog.giveBackFirst(batch);
        return;
      case 'hopeless':
        backlog.giveBackFirst(batch);
        return;
      case 'retry':
        this.#retry(batch, verdict, result, { endpoint, tickets });
    }
  }

  /** @returns whether that is all; otherwise it is a suspect no more, but for `suspect` */
  #ofSuspect(batch: Batch, verdict: Verdict, failing: Failing): boolean {
    const { suspects } = this.#options.backlog;
    switch (verdict.kind) {
      case 'suspect':
        return false;
      case 'delivered':
        suspects.passed(batch);
        return false;
      case 'hold':
      case 'hopeless':
      case 'retry':
        suspects.back(batch, failing);
        return true;
      default:
        suspects.leave(batch);
        return false;
    }
  }

  #suspect(batch: Batch, failing: Failing, result: Answer | Error): void {
    const { backlog, config, diagnostics, random } = this.#options;
    const { suspects } = backlog;
    const message = diagnostics.describe(result);
    const isAlone = batch.events.length === 1;
    batch.failures++;
    if (batch.suspicion === undefined) {
      if (isAlone && this.#isExhausted(batch, result, message)) return;
      const isTaken = suspects.add(batch, failing, true, isUnstorable(batch, result));
      const waitMs = isTaken
        ? 0
        : fullJitterMs(backoffBaseMs(config), BACKOFF_CAP_MS, batch.failures - 1, random);
      diagnostics.batchFailed(message, waitMs, batch.failures);
      if (!isTaken) void this.#sendLater(batch, waitMs, failing);
      return;
    }
    if (isAlone && this.#isExhausted(batch, result, message)) return;
    const { tries, since } = batch.suspicion;
    const decision = suspects.failed(batch, failing, kindOf(result), isClear(batch, result));
    if (decision !== 'give_up') {
      if (isAlone) diagnostics.batchFailed(message, decision, batch.failures);
      return;
    }
    suspects.leave(batch);
    const seconds = Math.round((this.#options.clock.now() - since) / 1000);
    const why = isUnstorable(batch, result) ? unstorable(batch) : 'others were taken meanwhile';
    const cause = `refused ${tries + 1} times in ${seconds} s, ${why}: ${message}`;
    const causes = [{ event: batch.events[0]!, message: cause }];
    this.#bury(batch, causes, 'refused', result instanceof Error ? undefined : result);
  }

  /** Where retries are limited. */
  #isExhausted(batch: Batch, result: Answer | Error, message: string): boolean {
    const { backlog, config } = this.#options;
    const most = config.max_retry_count;
    if (most === undefined || batch.failures <= most) return false;
    if (batch.suspicion !== undefined) backlog.suspects.leave(batch);
    this.#exhausted(batch, most, message, result);
    return true;
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
  #retry(batch: Batch, verdict: Transient, result: Answer | Error, failing: Failing): void {
    const { config, backlog, diagnostics, nextTryMs, random } = this.#options;
    const message = diagnostics.describe(result);
    const attempt = ++batch.failures;
    if (this.#isExhausted(batch, result, message)) return;
    if (result instanceof Error && isUnreached(result)) {
      diagnostics.batchFailed(message, nextTryMs(), attempt);
      backlog.giveBack(batch);
    } else {
      const jitterMs = fullJitterMs(backoffBaseMs(config), BACKOFF_CAP_MS, attempt - 1, random);
      const waitMs = Math.max(verdict.minimumMs, jitterMs);
      diagnostics.batchFailed(message, waitMs, attempt);
      if (result instanceof Error) this.#cutOff(batch, failing.endpoint);
      if (!mayBeItself(verdict, result)) {
        void this.#sendLater(batch, waitMs, undefined);
        return;
      }
      batch.firstFailing ??= failing;
      // It failed before, others were taken in between, and it fails again.
      const isEvident = isContrasted(batch.firstFailing);
      void this.#sendLater(batch, waitMs, isEvident ? batch.firstFailing : failing, isEvident);
    }
  }

  /** Something on the way may take only so many bytes, and not say so: where nothing gets through, smaller ones are tried. */
  #cutOff(batch: Batch, endpoint: Endpoint): void {
    const { backlog, hasOther } = this.#options;
    backlog.cutOff(batch);
    if (endpoint.breaker.state !== 'closed' && !hasOther(endpoint) && batch.events.length > 1)
      backlog.lowerBytes(Math.floor(batch.bytes / 2));
  }

  /** @param failing what it is suspect for, if others get through in the meantime */
  async #sendLater(
    batch: Batch,
    waitMs: number,
    failing: Failing | undefined,
    isEvident = false,
  ): Promise<void> {
    const { backlog, clock, signal, resume } = this.#options;
    await clock.sleep(waitMs, signal);
    if (signal.aborted) return;
    // After an outage, when something is taken again, all that failed in it is only sent again.
    const isSuspect = failing !== undefined && (isEvident || isBesideOthers(failing));
    const isAdded = isSuspect && backlog.suspects.add(batch, failing, true);
    const half = batch.events.length >>> 1;
    // Where nothing else is sent there is no contrast, until the other half makes one.
    const isStuck = failing !== undefined && batch.failures >= STUCK_AFTER && half > 0;
    if (isStuck && !isAdded) for (const part of batch.divide(half, false)) backlog.giveBack(part);
    else if (!isAdded) backlog.giveBack(batch);
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

/** Neither that nothing was sent, nor that the server asked to wait. */
function mayBeItself({ minimumMs }: Transient, result: Answer | Error): boolean {
  if (result instanceof Error) return !isUnreached(result);
  return result.status >= 500 && minimumMs === 0;
}

/** Lago on Postgres keeps it in no index, most likely. */
function isUnstorable(batch: Batch, result: Answer | Error): boolean {
  return batch.isLarge && !(result instanceof Error) && isErrorOfLago(result);
}

/** Trying again and again will hardly help. */
function isClear(batch: Batch, result: Answer | Error): boolean {
  return !(result instanceof Error) && (result.status < 500 || isUnstorable(batch, result));
}

function unstorable(batch: Batch): string {
  return (
    `and it has ${batch.bytes} bytes: Lago on Postgres (since v1.36) cannot store an event whose properties, or ids, take more ` +
    'than about 2,600 bytes in an index row; shorten what event_properties holds (a URI, a query, a header)'
  );
}
