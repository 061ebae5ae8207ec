/** What `tailmeter status` tells about a destination. */
import type { DeliveryStatus, Settlement } from '../types.ts';
import type { Breaker } from './breaker.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Sender } from './sender.ts';
import type { Suspects } from './suspects.ts';

export function statusOf(
  diagnostics: Diagnostics,
  { endpoints, inFlight }: Sender,
  open: Iterable<{ readonly settlement: Settlement }>,
  { events, isFull }: Suspects,
): DeliveryStatus {
  const lastError = diagnostics.last;
  return {
    destination: diagnostics.destination,
    inFlight,
    settling: sumOf(open),
    endpoints: endpoints.map(({ client, breaker, hold, isHeld, remedy, limit, rate }) => ({
      address: client.address,
      breaker: breaker.state,
      limit: limit.current,
      ...(rate.perSecond === undefined ? {} : { requestsPerSecond: rate.perSecond }),
      ...(breaker.state === 'closed' ? {} : { retryAt: retryAt(breaker) }),
      ...(isHeld ? { held: { retryAt: retryAt(hold), remedy } } : {}),
    })),
    ...(events === 0 ? {} : { suspects: { events, full: isFull } }),
    ...heldAsAWhole(endpoints),
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

/** Until the first of them is asked again. */
function heldAsAWhole(endpoints: Sender['endpoints']): Pick<DeliveryStatus, 'held'> {
  if (!endpoints.every(({ isHeld }) => isHeld)) return {};
  const { hold, remedy } = endpoints.toSorted((a, b) => a.hold.retryAt - b.hold.retryAt)[0]!;
  return { held: { retryAt: retryAt(hold), remedy } };
}

function retryAt(breaker: Breaker): string {
  return new Date(breaker.retryAt).toISOString();
}
