/**
 * Unpacks a body that came packed although `identity` was asked for. Bounded: what unpacks to more than it may is refused,
 * however small it came.
 */
import { createRequire } from 'node:module';
import type * as zlib from 'node:zlib';

const load = createRequire(import.meta.url);
/** Most answers are not packed: loaded when the first one is. */
const zlibOf = (): typeof zlib => load('node:zlib') as typeof zlib;

/** More layers than that no server means. */
const MOST_LAYERS = 2;

/** The names in `Content-Encoding`, the outermost layer last; none for `identity`. */
export function encodingsOf(header: string | string[] | undefined): readonly string[] {
  const value = Array.isArray(header) ? header.join(',') : (header ?? '');
  return value
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
}

/** @returns undefined for a body that is damaged, longer than `most` bytes, or packed in a way that is not known */
export function unpack(body: Buffer, encodings: readonly string[], most: number): Buffer | undefined {
  if (encodings.length > MOST_LAYERS) return undefined;
  try {
    return encodings.reduceRight((bytes, encoding) => unpackOne(bytes, encoding, most), body);
  } catch {
    return undefined;
  }
}

function unpackOne(body: Buffer, encoding: string, maxOutputLength: number): Buffer {
  const { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } = zlibOf();
  const options = { maxOutputLength };
  if (encoding === 'gzip' || encoding === 'x-gzip') return gunzipSync(body, options);
  if (encoding === 'br') return brotliDecompressSync(body, options);
  if (encoding === 'deflate') {
    // Some servers leave the wrapping out.
    return (body[0]! & 0x0f) === 8 ? inflateSync(body, options) : inflateRawSync(body, options);
  }
  throw new Error(`unknown content-encoding: ${encoding}`);
}
