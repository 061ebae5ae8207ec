/**
 * The calls of the walk-through: three to a normal API, three to an expensive one.
 */
import { DemoError } from '../errors.ts';

export const CALLS = ['/get', '/get', '/get', '/anything', '/anything', '/anything'] as const;

/**
 * Sends the calls through the gateway, one after the other, as the consumer.
 * @throws DemoError when one is not answered with 200.
 */
export async function sendTraffic(gatewayUrl: string, consumer: string): Promise<void> {
  for (const path of CALLS) {
    const response = await fetch(gatewayUrl + path, { headers: { 'x-consumer-username': consumer } });
    await response.arrayBuffer();
    if (response.status !== 200) throw new DemoError(`GET ${path}: the gateway answered ${response.status}`);
  }
}
