/** One address of Lago: its connections, and the breaker that says whether it is worth a try. */
import type { Breaker } from './breaker.ts';
import type { HttpClient } from './http-client.ts';

export interface Endpoint {
  readonly client: HttpClient;
  readonly breaker: Breaker;
}
