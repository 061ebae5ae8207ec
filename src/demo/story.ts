/**
 * What the demo tells: plain text, made of what really happened.
 */
import type { LagoEvent, LagoUsage } from './lago-client.ts';

/** Lines of text, indented. */
export const indent = (lines: readonly string[]): string =>
  lines.map((line) => (line === '' ? '' : `   ${line}`)).join('\n');

/** Log lines for people: the first one in full, then all of them in short. */
export function logStory(lines: readonly string[]): string {
  const short = lines.map((line) => {
    const { msec, request_method, uri, status, http_x_consumer_username, request_id } = JSON.parse(
      line,
    ) as Record<string, string>;
    const time = new Date(Number(msec) * 1000).toISOString().slice(11, 23);
    return `${time}  ${request_method} ${(uri ?? '').padEnd(9)}  ${status}  ${http_x_consumer_username}  ${request_id}`;
  });
  return indent([lines[0] ?? '', '', ...short]);
}

/** The events as Lago stored them, in the order in which they happened. */
export function eventStory(events: readonly LagoEvent[]): string {
  return indent(
    events
      .toReversed()
      .map(
        ({ transaction_id, external_subscription_id, code, timestamp, properties }) =>
          `${timestamp.slice(11, 23)}  ${transaction_id}  ${external_subscription_id}  ${code}  ${JSON.stringify(properties)}`,
      ),
  );
}

/** What the events come to, price by price. */
export function usageStory({ prices, currency }: LagoUsage): string {
  return indent(
    prices.map(({ values, events, amountCents }) => {
      const what =
        values === null ? 'any other' : Object.entries(values).map(([k, v]) => `${k}: ${v.join(', ')}`);
      return `${String(what).padEnd(16)}  ${events} events  ${money(amountCents, currency).padStart(8)}`;
    }),
  );
}

/** `6 events, $33.00`. */
export function totalStory({ events, amountCents, currency }: LagoUsage): string {
  return `${events} events, ${money(amountCents, currency)}`;
}

/** `$33.00`. */
function money(cents: number, currency: string): string {
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency });
  return format.format(cents / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
