/** What a person can do about a destination that refuses everything: one sentence per cause. */
import type { IncomingHttpHeaders } from 'node:http';

/** A status, or what the body told. */
type Cause = number | 'not_lago' | 'not_confirmed' | 'refuses_all' | 'unreadable' | 'not_batch_endpoint';

const REMEDIES: Readonly<Record<Exclude<Cause, number> | `${number}`, string>> = {
  '401': 'Lago does not know the API key: check token, and that it belongs to this Lago.',
  '402': 'The account at Lago is blocked for payment: settle it, or use another token.',
  '403': 'The API key may not write events: give it that permission in Lago, or use another token.',
  '404':
    'There is no such path at that address: check endpoint_addrs (host and port of the Lago API, not of its user interface) and endpoint_uri.',
  '405': 'The path takes no POST: check endpoint_uri; the batch endpoint of Lago is /api/v1/events/batch.',
  '407': 'The proxy wants credentials: put them into proxy (http://user:password@host:port).',
  '415': 'The server takes no JSON here: check that endpoint_addrs and endpoint_uri lead to the Lago API.',
  not_lago:
    'A web page answered, not Lago: check endpoint_addrs (https or http, host, port) and what stands between here and Lago.',
  not_confirmed:
    'A success that does not repeat the events, as Lago does: check that endpoint_addrs and endpoint_uri lead to the Lago API. Where a proxy takes the body out of its answers, set answer_check: status.',
  refuses_all:
    'Every event is refused with this same answer, which names none: see what is wrong with the Lago at that address, or with what stands before it.',
  unreadable:
    'A refusal that cannot be read, so that it is not known which events it is about: see that nothing between here and Lago packs answers (Content-Encoding) or makes them longer.',
  not_batch_endpoint:
    'The events were not found in the request: endpoint_uri must be the batch endpoint of Lago (/api/v1/events/batch), and no proxy may change the body.',
};

export function remedyFor(cause: Cause, headers: IncomingHttpHeaders): string {
  if (typeof cause === 'string') return REMEDIES[cause];
  const known = REMEDIES[`${cause}`];
  if (known !== undefined) return known;
  if (cause < 400) {
    const target = headers.location === undefined ? 'elsewhere' : `to ${headers.location}`;
    return `The server redirects ${target}: set endpoint_addrs and endpoint_uri to where Lago really is.`;
  }
  return `Lago does not answer with ${cause}: check endpoint_addrs and endpoint_uri, and what stands between here and Lago.`;
}
