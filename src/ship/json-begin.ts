/** Finds the events in the beginning of an answer: the first bytes of a JSON text, walked key by key, not parsed. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const USUAL = Buffer.from('{"events":[');
/** Before its events Lago says nothing; a server that says more than this is not Lago. */
const MOST_BYTES = 4096;
const NOT_THERE = -1;

/** What it needs is behind the last byte. */
class CutOff extends Error {}

/**
 * @param single whether `"event":{` will do as well as `"events":[`
 * @returns where the value begins of the key `events` of the outermost object, -1 when there is none, undefined when
 * there are not enough bytes yet to tell
 */
export function beginOfEvents(bytes: Buffer, single: boolean): number | undefined {
  if (bytes.length >= USUAL.length && bytes.compare(USUAL, 0, USUAL.length, 0, USUAL.length) === 0) {
    return USUAL.length;
  }
  try {
    return walk(bytes, single);
  } catch (error) {
    if (!(error instanceof CutOff)) throw error;
    return bytes.length >= MOST_BYTES ? NOT_THERE : undefined;
  }
}

function walk(bytes: Buffer, single: boolean): number {
  const hasMark = byteAt(bytes, 0) === 0xef && byteAt(bytes, 1) === 0xbb && byteAt(bytes, 2) === 0xbf;
  let at = afterSpace(bytes, hasMark ? 3 : 0);
  if (byteAt(bytes, at) !== 0x7b) return NOT_THERE;
  for (;;) {
    const key = afterSpace(bytes, at + 1);
    if (byteAt(bytes, key) !== QUOTE) return NOT_THERE;
    const keyEnd = afterString(bytes, key);
    const name = bytes.toString('latin1', key + 1, keyEnd - 1);
    const colon = afterSpace(bytes, keyEnd);
    if (byteAt(bytes, colon) !== 0x3a) return NOT_THERE;
    const value = afterSpace(bytes, colon + 1);
    const first = byteAt(bytes, value);
    if (name === 'events') return first === 0x5b ? value + 1 : NOT_THERE;
    if (name === 'event' && single) return first === 0x7b ? value + 1 : NOT_THERE;
    at = afterSpace(bytes, afterValue(bytes, value));
    if (byteAt(bytes, at) !== 0x2c) return NOT_THERE;
  }
}

function afterValue(bytes: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  for (;;) {
    const byte = byteAt(bytes, at);
    if (byte === QUOTE) {
      at = afterString(bytes, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) {
      // The end of what the value stands in.
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (byte === 0x2c && depth === 0) return at;
    at++;
  }
}

/** Behind the closing quote of the string that begins at `from`. */
function afterString(bytes: Buffer, from: number): number {
  let at = from + 1;
  for (let byte; (byte = byteAt(bytes, at)) !== QUOTE;) at += byte === BACKSLASH ? 2 : 1;
  return at + 1;
}

function afterSpace(bytes: Buffer, from: number): number {
  let at = from;
  for (let byte = byteAt(bytes, at); byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);)
    byte = byteAt(bytes, ++at);
  return at;
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new CutOff();
  return byte;
}
