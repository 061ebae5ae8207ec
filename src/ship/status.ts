/** What `tailmeter status` tells about a destination. */
import type { DeliveryStatus, Settlement } from '../types.ts';
import type { Breaker } from './breaker.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Sender } from './sender.ts';

export function statusOf(
  diagnostics: Diagnostics,
  { hold, endpoints, inFlight }: Sender,
  open: Iterable<{ readonly settlement: Settlement }>,
): DeliveryStatus {
  const lastError = diagnostics.last;
  const remedy = diagnostics.remedy;
  return {
    destination: diagnostics.destination,
    inFlight,
    settling: sumOf(open),
    endpoints: endpoints.map(({ client, breaker }) => ({
      address: client.address,
      breaker: breaker.state,
      ...(breaker.state === 'closed' ? {} : { retryAt: retryAt(breaker) }),
    })),
    ...(hold.state === 'closed' || remedy === undefined ? {} : { held: { retryAt: retryAt(hold), remedy } }),
    ...(lastError === undefined ? {} : { lastError }),
  };
}

function sumOf(open: Iterable<{ readonly settlement: Settlement }>): Settlement {
  const sum: Settlement = { delivered: 0, duplicates: 0, dead: 0 };
  for (const { settlement } of open) {
    sum.delivered += settlement.delivered;
    sum.duplicates += settlement.duplicates;
    sum.dead += settlement.dead;
  }
  return sum;
}

function retryAt(breaker: Breaker): string {
  return new Date(breaker.retryAt).toISOString();
}
