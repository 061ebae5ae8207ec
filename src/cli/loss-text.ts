/** One loss as a line of text. */
import type { Loss } from '../loss.ts';

/** `5f0c2a9e: bytes 100 to 200 of /var/log/usage.log.1: it was deleted … (2026-11-20T15:00:00.000Z)` */
export function lossText(loss: Loss): string {
  const { id, destination, path, from, to, events, reason, time, earlier } = loss;
  const range =
    from === undefined ? '' : `bytes ${from} ${to === undefined ? 'on' : `to ${to}`} of ${path ?? 'a log'}`;
  const what =
    events === undefined
      ? range
      : `${events} events for ${destination}${range === '' ? '' : `, from ${range}`}`;
  const more = earlier === undefined ? '' : `, and ${earlier} earlier ones`;
  return `${id}: ${what}: ${reason} (${time}${more})`;
}
