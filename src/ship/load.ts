/** What the end of a request tells about how much its endpoint can take. */
import type { Answer, Verdict } from './answers.ts';
import type { Exchange } from './exchange.ts';

/** Of what was in flight, where an endpoint says that it is too much. */
const LOWERED = 2 / 3;

/** @param now Unix milliseconds */
export function learnLoad(exchange: Exchange, verdict: Verdict, result: Answer | Error, now: number): void {
  const { batch, tickets, answerMs, isGivenUp } = exchange;
  const { limit, rate, refusals, inFlight } = exchange.endpoint;
  const { request } = tickets;
  const next = refusals.requests + 1;
  if (result instanceof Error) {
    if (isGivenUp && verdict.kind !== 'suspect') limit.silent(request, next);
    return;
  }
  const isAnnounced = rate.announced(result.headers, inFlight, now);
  // Of what some event does little follows for others.
  if (verdict.kind === 'suspect') return;
  const { status } = result;
  if (verdict.kind === 'delivered' || verdict.kind === 'by_index') {
    // With the one that has just ended.
    const isFull = inFlight + 1 >= limit.current;
    limit.answered(request, next, isFull, answerMs, batch.events.length);
    rate.took(now);
  } else if (status === 429 || status === 503) {
    // Who announces a rate means that, not what is in flight.
    if (isAnnounced) return;
    limit.overloaded(request, next, LOWERED);
    if (status === 429) rate.refused(request, next, now);
  } else if (verdict.kind === 'retry') {
    // Its events may be at fault.
    limit.erred(request, next);
  }
}
