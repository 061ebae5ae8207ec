/**
 * One event: how it is read from a request, and how Lago writes it in an answer.
 */
import { parseDecimal, round, toText, ZERO } from './decimal.ts';
import type { FieldErrors } from './errors.ts';
import { isBlank, isFields, text } from './fields.ts';
import type { Fields } from './fields.ts';
import { isoMilliseconds, isoSeconds, parseUnixSeconds } from './time.ts';

/** An accepted event as the store keeps it. */
export interface SandboxEvent {
  readonly lagoId: string;
  readonly transactionId: string;
  /** Null when it was sent without one: Lago takes it, and bills it to nobody. */
  readonly externalSubscriptionId: string | null;
  readonly code: string;
  /** Unix milliseconds, with a fraction where the sender gave microseconds. */
  readonly timestampMs: number;
  readonly preciseTotalAmountCents: string | null;
  /** A JSON object, serialized. */
  readonly properties: string;
  readonly createdAtMs: number;
}

/** An event that has not been stored yet. */
export type NewEvent = Omit<SandboxEvent, 'lagoId' | 'createdAtMs'>;

/** Either the event, or what is wrong with its fields. */
export type EventReading =
  | { readonly event: NewEvent; readonly errors?: undefined }
  | { readonly errors: FieldErrors; readonly event?: undefined };

const MANDATORY = ['value_is_mandatory'];

/**
 * Reads an event as Lago does: only the transaction id and the code are mandatory, a timestamp that is no number is
 * an error, everything else is taken as it comes. Fields that Lago does not know are dropped.
 */
export function readEvent(fields: Fields, nowMs: number): EventReading {
  const given = fields['timestamp'];
  // Null, false and anything that is no scalar count as not sent.
  const absent = given === undefined || given === null || given === false || typeof given === 'object';
  const timestampMs = absent ? nowMs : parseUnixSeconds(given);
  if (timestampMs === undefined) return { errors: { timestamp: ['invalid_format'] } };

  const transactionId = text(fields['transaction_id']);
  const code = text(fields['code']);
  if (transactionId === null || code === null || isBlank(transactionId) || isBlank(code)) {
    const errors: FieldErrors = {};
    if (isBlank(transactionId)) errors['transaction_id'] = MANDATORY;
    if (isBlank(code)) errors['code'] = MANDATORY;
    return { errors };
  }
  const properties = fields['properties'];
  return {
    event: {
      transactionId,
      externalSubscriptionId: text(fields['external_subscription_id']),
      code,
      timestampMs,
      preciseTotalAmountCents: amountText(text(fields['precise_total_amount_cents'])),
      properties: isFields(properties) ? JSON.stringify(properties) : '{}',
    },
  };
}

const LEADING_NUMBER = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?/i;

/** Cents as the database column keeps them: 15 digits after the point; text that starts with no number is zero. */
function amountText(given: string | null): string | null {
  if (given === null || given === '') return null;
  const number = parseDecimal(LEADING_NUMBER.exec(given)?.[0] ?? '') ?? ZERO;
  return toText(round(number, 15));
}

/** The event as JSON. Written by hand: the answer repeats every event of a batch, so this is the sandbox's hot path. */
export function eventJson(event: SandboxEvent): string {
  const { externalSubscriptionId, preciseTotalAmountCents } = event;
  return (
    `{"lago_id":"${event.lagoId}","transaction_id":${JSON.stringify(event.transactionId)},"lago_customer_id":null,` +
    `"code":${JSON.stringify(event.code)},"timestamp":"${isoMilliseconds(event.timestampMs)}",` +
    `"precise_total_amount_cents":${preciseTotalAmountCents === null ? 'null' : `"${preciseTotalAmountCents}"`},` +
    `"properties":${event.properties},"lago_subscription_id":null,` +
    `"external_subscription_id":${externalSubscriptionId === null ? 'null' : JSON.stringify(externalSubscriptionId)},` +
    `"created_at":"${isoSeconds(event.createdAtMs)}"}`
  );
}
