/**
 * What is needed of undici, and no more: its index also loads fetch, caches, WebSockets and mocks, which costs
 * 12 MB of memory and 45 ms of CPU time at each start (undici 8.12). The build leaves out HTTP/2, too.
 */
import { createRequire } from 'node:module';
import type * as undici from 'undici';

import undiciSymbols from 'undici/lib/core/symbols.js';

export { default as buildConnector } from 'undici/lib/core/connect.js';
export { default as Client } from 'undici/lib/dispatcher/client.js';

/** Keys of undici's own, by the names that it has for them. */
export interface UndiciSymbols {
  readonly kSocket: symbol;
  readonly kParser: symbol;
}

const load = createRequire(import.meta.url);

/** Only a proxy needs the rest: it speaks CONNECT through undici's own client API. */
export const wholeUndici = (): typeof undici => load('undici') as typeof undici;

/** Of the part that is loaded always … */
export const symbols: UndiciSymbols = undiciSymbols;
/** … and of `wholeUndici`, which may be another copy. */
export const wholeSymbols = (): UndiciSymbols => load('undici/lib/core/symbols.js') as UndiciSymbols;
