/**
 * What an answer of Lago means. Pure: status, headers and body in, a verdict out. This is the only
 * place that knows it. What Lago sends was read from its source, see `judge422`.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { remedyFor } from './remedies.ts';
import { requestedWaitMs } from './retry-after.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Unpacked. Of one that is too long, or that cannot be unpacked, what there is to show. */
  readonly body: string;
  /** The body can be understood: it came to its end, within bounds, and could be unpacked. */
  readonly isWhole: boolean;
  /** A success that repeats every event that was sent, as Lago's does. */
  readonly confirmed: boolean;
}

/** `strict`: a success must be Lago's own answer; `status`: any that is no web page will do. */
export type AnswerCheck = 'strict' | 'status';

/** What is to be done with a batch. Indices are positions in the batch. */
export type Verdict =
  | { readonly kind: 'delivered' }
  /** Nothing was stored. These events are settled, the rest is sent again at once. */
  | {
      readonly kind: 'by_index';
      readonly duplicates: readonly number[];
      readonly rejected: readonly { readonly index: number; readonly detail: string }[];
    }
  /** The server's limit of events in a batch is lower. */
  | { readonly kind: 'too_many' }
  /** Something in the batch cannot be accepted: divide it until that stands alone, and give that up for `reason`. */
  | { readonly kind: 'divide'; readonly reason: 'poison' | 'too_large' }
  /** Nothing is wrong with the batch; the destination has to be mended first. */
  | {
      readonly kind: 'hold';
      readonly remedy: string;
      /** Something on the way may have refused the batch for a text in it … */
      readonly isDoubtful?: boolean;
      /** … which is the likelier cause: it is soon found out. */
      readonly isLikelyText?: boolean;
    }
  /** As `hold`, but that nothing is wrong with the batch is only likely: the endpoint refuses everything alike. */
  | { readonly kind: 'hopeless'; readonly remedy: string }
  /** A single event may be at fault, or not: it is sent again when that can be told. */
  | { readonly kind: 'wait' }
  /** This single event is at fault. */
  | { readonly kind: 'give_up'; readonly reason: 'poison' | 'too_large' }
  /** It fails, and others do not: as far as is known the batch is at fault, and the endpoint is well. */
  | { readonly kind: 'suspect' }
  /** Not now. `down`: the server itself says that it takes nothing at all. */
  | { readonly kind: 'retry'; readonly failure: 'down' | 'ailing'; readonly minimumMs: number };

const BYTE_ORDER_MARK = '\uFEFF';
/** Without leading zeros, so that two keys never mean the same event. */
const CANONICAL_INDEX = /^(?:0|[1-9]\d{0,5})$/;

const DELIVERED: Verdict = { kind: 'delivered' };
const TOO_MANY: Verdict = { kind: 'too_many' };
const POISON: Verdict = { kind: 'divide', reason: 'poison' };
const TOO_LARGE: Verdict = { kind: 'divide', reason: 'too_large' };

/** Of the key, the path or the plan, never of a text in the body. */
const ABOUT_EVERYTHING: ReadonlySet<number> = new Set([401, 402, 404, 405, 407]);
/** Hardly ever of a text in the body. */
const MOSTLY_EVERYTHING: ReadonlySet<number> = new Set([409, 415]);

/**
 * Never throws, whatever the answer holds.
 * @param events in the batch
 * @param now Unix milliseconds, for a `Retry-After` that is a date
 */
export function judge(answer: Answer, events: number, now: number, check: AnswerCheck = 'strict'): Verdict {
  const { status } = answer;
  if (status >= 200 && status < 300) {
    if (answer.confirmed || (check === 'status' && !isHtml(answer))) return DELIVERED;
    const remedy = remedyFor(isHtml(answer) ? 'not_lago' : 'not_confirmed', answer.headers);
    return { kind: 'hold', remedy, isDoubtful: true };
  }
  if (status === 400) return judge400(answer);
  if (status === 413) return TOO_LARGE;
  if (status === 422) return judge422(answer, events);
  if (status === 408 || status === 425 || status === 429 || status >= 500) return judgeTransient(answer, now);
  const remedy = remedyFor(status, answer.headers);
  if (ABOUT_EVERYTHING.has(status) || status < 400 || isOfLago(answer)) return { kind: 'hold', remedy };
  return { kind: 'hold', remedy, isDoubtful: true, isLikelyText: !MOSTLY_EVERYTHING.has(status) };
}

function judge400(answer: Answer): Verdict {
  if (isHtml(answer)) {
    return { kind: 'hold', remedy: remedyFor('not_lago', answer.headers), isDoubtful: true };
  }
  if (!answer.isWhole) return { kind: 'hold', remedy: remedyFor('unreadable', answer.headers) };
  // What Lago's other endpoints say about a body they do not know: every batch would be refused.
  if (answer.body.includes('param is missing')) {
    return { kind: 'hold', remedy: remedyFor('not_batch_endpoint', answer.headers) };
  }
  return POISON;
}

/**
 * `error_details` of lago-api: `{"1":{"transaction_id":["value_already_exist"]}}` by index,
 * `{"0":"expression_evaluation_failed: …"}` for an expression, `{"events":["too_many_events"]}` for the whole.
 */
function judge422(answer: Answer, events: number): Verdict {
  if (isHtml(answer)) {
    return { kind: 'hold', remedy: remedyFor('not_lago', answer.headers), isDoubtful: true };
  }
  if (!answer.isWhole) return { kind: 'hold', remedy: remedyFor('unreadable', answer.headers) };
  const details = errorDetails(answer.body);
  if (isObject(details) && Array.isArray(details['events'])) {
    if (details['events'].includes('too_many_events') && events > 1) return TOO_MANY;
    // We send at least one event, always: something on the way took them out, or its limit is zero.
    return { kind: 'hold', remedy: remedyFor('not_batch_endpoint', answer.headers) };
  }
  const named = isObject(details) ? byIndex(details, events) : undefined;
  if (named !== undefined) return named;
  // About a single event it may speak without an index, as the endpoint for one event does.
  if (events === 1 && isDuplicate(details)) return { kind: 'by_index', duplicates: [0], rejected: [] };
  return POISON;
}

/**
 * Undefined unless every key is the index of an event of the batch, written as Lago writes it: an answer that names
 * another one is not about this batch, and must settle nothing of it.
 */
function byIndex(details: Record<string, unknown>, events: number): Verdict | undefined {
  const entries = Object.entries(details);
  if (entries.length === 0 || entries.length > events) return undefined;
  const duplicates: number[] = [];
  const rejected: { index: number; detail: string }[] = [];
  for (const [key, detail] of entries) {
    const index = CANONICAL_INDEX.test(key) ? Number(key) : events;
    if (index >= events) return undefined;
    if (isDuplicate(detail)) duplicates.push(index);
    else rejected.push({ index, detail: typeof detail === 'string' ? detail : asJson(detail) });
  }
  return { kind: 'by_index', duplicates, rejected };
}

function judgeTransient({ status, headers }: Answer, now: number): Verdict {
  const minimumMs = requestedWaitMs(status, headers, now);
  const down = status === 429 || status === 503 || minimumMs > 0;
  return { kind: 'retry', failure: down ? 'down' : 'ailing', minimumMs };
}

/** A 403 of Lago names the right that the key does not have. */
function isOfLago({ body }: Answer): boolean {
  return body.includes('not_allowed');
}

/**
 * The 500 of Lago itself, and not of something before it: an event that its database cannot keep, or any other error.
 */
export function isErrorOfLago(answer: Answer): boolean {
  return answer.status === 500 && !isHtml(answer) && answer.body.includes('"Internal Server Error"');
}

/** `{"transaction_id":["value_already_exist"]}` and nothing else wrong with it. */
function isDuplicate(detail: unknown): boolean {
  if (!isObject(detail) || Object.keys(detail).length !== 1) return false;
  const errors = detail['transaction_id'];
  return Array.isArray(errors) && errors.length === 1 && errors[0] === 'value_already_exist';
}

/** JSON that was read may still be nested too deep to be written. */
function asJson(detail: unknown): string {
  try {
    return JSON.stringify(detail);
  } catch {
    return '(details that are nested too deep to be shown)';
  }
}

function errorDetails(body: string): unknown {
  try {
    const answer: unknown = JSON.parse(body.startsWith(BYTE_ORDER_MARK) ? body.slice(1) : body);
    return isObject(answer) ? answer['error_details'] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Lago speaks JSON (we ask for it): a page comes from a proxy, a login or another server. Its refusal condemns no event,
 * and its success stored none.
 */
function isHtml({ headers }: Answer): boolean {
  // A header that is sent twice is a list, whatever the types say.
  const type: unknown = headers['content-type'];
  const first: unknown = Array.isArray(type) ? type[0] : type;
  return typeof first === 'string' && /^\s*text\/html/i.test(first);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
