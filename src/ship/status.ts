/** What `tailmeter status` tells about a destination. */
import type { DeliveryStatus } from '../types.ts';
import type { Breaker } from './breaker.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Sender } from './sender.ts';

export function statusOf(diagnostics: Diagnostics, { hold, endpoints, inFlight }: Sender): DeliveryStatus {
  const lastError = diagnostics.last;
  const remedy = diagnostics.remedy;
  return {
    destination: diagnostics.destination,
    inFlight,
    endpoints: endpoints.map(({ client, breaker }) => ({
      address: client.address,
      breaker: breaker.state,
      ...(breaker.state === 'closed' ? {} : { retryAt: retryAt(breaker) }),
    })),
    ...(hold.state === 'closed' || remedy === undefined ? {} : { held: { retryAt: retryAt(hold), remedy } }),
    ...(lastError === undefined ? {} : { lastError }),
  };
}

function retryAt(breaker: Breaker): string {
  return new Date(breaker.retryAt).toISOString();
}
