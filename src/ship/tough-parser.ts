/**
 * Makes undici's parser (8.12) bear what servers send. It passes over a `100 Continue` that nobody asked for, as over every
 * other interim answer (RFC 9110, 15.2): undici takes it for a broken connection, although the answer follows. And headers
 * are counted by the memory that they take, which for many short ones is a multiple of their bytes.
 */
import type { Client } from 'undici';
import type { UndiciSymbols } from './undici.ts';

type HeadersComplete = (this: unknown, status: number, upgrade: boolean, keepAlive: boolean) => number;
interface Parser {
  onHeadersComplete: HeadersComplete;
  trackHeader: (this: unknown, bytes: number) => void;
}

const CONTINUE = 100;
const PROCESSING = 102;
/** Of a buffer that holds a header's name or value. */
const BUFFER_BYTES = 96;
/** Prototypes of parsers that have been taught: one of each copy of undici. */
const taught = new WeakSet<Parser>();

/** @returns the client */
export function toughen<C extends Client>(client: C, { kSocket, kParser }: UndiciSymbols): C {
  // Its parser is there with its first connection.
  return client.once('connect', () => {
    const { [kSocket]: socket } = client as unknown as Record<symbol, Record<symbol, Parser> | undefined>;
    const parser = socket?.[kParser];
    if (parser !== undefined) teach(Object.getPrototypeOf(parser) as Parser);
  });
}

function teach(parser: Parser): void {
  if (taught.has(parser)) return;
  taught.add(parser);
  const { onHeadersComplete, trackHeader } = parser;
  parser.trackHeader = function track(bytes) {
    trackHeader.call(this, bytes + BUFFER_BYTES);
  };
  parser.onHeadersComplete = function headersComplete(status, upgrade, keepAlive) {
    return onHeadersComplete.call(this, status === CONTINUE ? PROCESSING : status, upgrade, keepAlive);
  };
}
