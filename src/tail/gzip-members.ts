/** Goes through the members of a gzip file one by one, to find out which of them are whole (RFC 1952). */
import type { FileHandle } from 'node:fs/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { Decoder, OUTPUT_BYTES, release } from './decoder.ts';

const TRAILER_BYTES = 8;
const DEFLATE = 8;
/** No header is longer. */
const WINDOW_BYTES = 256 * 1024;
const [FHCRC, FEXTRA, FNAME, FCOMMENT, RESERVED] = [0x02, 0x04, 0x08, 0x10, 0xe0] as const;

/** Up to where all is as it was packed. */
export interface WholeMembers {
  readonly packed: number;
  readonly unpacked: number;
  /** What is wrong with what follows; undefined when nothing does, but padding. */
  readonly reason: string | undefined;
}

export async function wholeMembers(file: FileHandle, signal: AbortSignal): Promise<WholeMembers> {
  const input = new Window(file);
  let packed = 0;
  let unpacked = 0;
  for (;;) {
    signal.throwIfAborted();
    const member = await readMember(input, packed, signal);
    if (typeof member !== 'object') return { packed, unpacked, reason: member };
    packed = member.end;
    unpacked += member.unpacked;
  }
}

/** What is wrong with the member at `start`; undefined when there is none. */
async function readMember(
  input: Window,
  start: number,
  signal: AbortSignal,
): Promise<{ end: number; unpacked: number } | string | undefined> {
  const header = await input.at(start, 1);
  if (header.length === 0) return undefined;
  if (header[0] === 0) return (await isPadding(input, start)) ? undefined : 'what follows is no gzip member';
  const length = headerLength(header) ?? headerLength(await input.at(start, WINDOW_BYTES));
  if (typeof length !== 'number') return length ?? 'unexpected end of file';
  const decoder = new Decoder(createInflateRaw({ chunkSize: OUTPUT_BYTES }));
  let unpacked = 0;
  let checksum = 0;
  const take = async (output: AsyncIterable<Buffer>): Promise<void> => {
    for await (const bytes of output) {
      unpacked += bytes.length;
      checksum = crc32(bytes, checksum);
      release(bytes);
    }
    signal.throwIfAborted();
  };
  try {
    for (let at = start + length; !decoder.ended && decoder.failure === undefined;) {
      const bytes = await input.at(at, 1);
      if (bytes.length === 0) break;
      await take(decoder.feed(bytes));
      at += bytes.length;
    }
    if (!decoder.ended && decoder.failure === undefined) await take(decoder.finish());
    if (decoder.failure !== undefined) return decoder.failure.message;
    const at = start + length + decoder.consumed;
    const trailer = await input.at(at, TRAILER_BYTES);
    if (trailer.length < TRAILER_BYTES) return 'unexpected end of file';
    if (trailer.readUInt32LE(0) !== checksum) return 'incorrect data check';
    if (trailer.readUInt32LE(4) !== unpacked % 2 ** 32) return 'incorrect length check';
    return { end: at + TRAILER_BYTES, unpacked };
  } finally {
    decoder.destroy();
  }
}

/** What is wrong with it; undefined when it does not end here. */
function headerLength(header: Buffer): number | string | undefined {
  const [first, second, method, flags = 0] = header;
  if (first !== 0x1f || (second ?? 0x8b) !== 0x8b) return 'what follows is no gzip member';
  if (header.length < 10) return undefined;
  if (method !== DEFLATE || (flags & RESERVED) !== 0) return 'incorrect header check';
  let at = 10;
  if (flags & FEXTRA) {
    if (header.length < at + 2) return undefined;
    at += 2 + header.readUInt16LE(at);
  }
  for (const text of [FNAME, FCOMMENT]) {
    if (!(flags & text)) continue;
    const end = header.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  if (flags & FHCRC) {
    if (header.length < at + 2) return undefined;
    if ((crc32(header.subarray(0, at)) & 0xffff) !== header.readUInt16LE(at)) return 'incorrect header check';
    at += 2;
  }
  return at > header.length ? undefined : at;
}

async function isPadding(input: Window, from: number): Promise<boolean> {
  for (let at = from; ;) {
    const bytes = await input.at(at, 1);
    if (bytes.length === 0) return true;
    if (bytes.some((byte) => byte !== 0)) return false;
    at += bytes.length;
  }
}

/** Reads the file in pieces that serve many members, where these are small. */
class Window {
  readonly #file: FileHandle;
  readonly #bytes = Buffer.allocUnsafe(WINDOW_BYTES);
  #from = 0;
  #length = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The bytes from `position` on: at least `wanted` of them, unless the file has no more. Valid until the next call. */
  async at(position: number, wanted: number): Promise<Buffer> {
    const start = position - this.#from;
    if (start >= 0 && start + wanted <= this.#length) return this.#bytes.subarray(start, this.#length);
    this.#from = position;
    this.#length = 0;
    while (this.#length < WINDOW_BYTES) {
      const { bytesRead } = await this.#file.read(
        this.#bytes,
        this.#length,
        WINDOW_BYTES - this.#length,
        position + this.#length,
      );
      if (bytesRead === 0) break;
      this.#length += bytesRead;
    }
    return this.#bytes.subarray(0, this.#length);
  }
}
