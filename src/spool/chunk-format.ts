/**
 * The bytes of a chunk file: a plain text that `jq` reads, never edited once it has its name.
 *
 *   {"tailmeter_chunk":1,"sequence":42,…,"body_bytes":520113,"crc32":3735928559}\n     header, one JSON line
 *   {"transaction_id":"…","external_subscription_id":"…",…}\n                          event 0, as it is sent
 *   {"transaction_id":"…",…}\n                                                         event 1
 *   …
 *
 * `crc32` covers the header line without its last member and the `body_bytes` bytes after the header line.
 */
import { crc32 } from 'node:zlib';
import { CorruptChunkError } from '../errors.ts';
import type { Generation, LoadedChunk, SealedChunk, SourceCounts } from '../types.ts';

/** The format that this version writes; a file with a higher number is left alone. */
export const CHUNK_VERSION = 1;

const NEWLINE = 0x0a;

/** One chunk of a seal: its destination and sequence number. */
export type GroupMember = readonly [destination: string, sequence: number];

export interface ChunkHeader {
  readonly sequence: number;
  readonly destination: string;
  /** All chunks of the same seal, this one included: they count only together. */
  readonly group: readonly GroupMember[];
  readonly source: string;
  readonly generation: Generation;
  /** The range of the log that the seal covers: bytes [from, to) of the generation. */
  readonly from: number;
  readonly to: number;
  /** What the lines of that range became, for the whole group. */
  readonly counts: SourceCounts;
  readonly events: number;
  /** For event i: the offset of its line, minus that of event i−1's line (minus `from` for the first). */
  readonly line_offsets: readonly number[];
  readonly created: string;
  readonly body_bytes: number;
}

/** The header as a line of bytes. */
export function encodeHeader(header: ChunkHeader, body: Buffer): Buffer {
  const json = JSON.stringify({ tailmeter_chunk: CHUNK_VERSION, ...header });
  const covered = json.slice(0, -1);
  return Buffer.from(`${covered},"crc32":${crc32(body, crc32(covered))}}\n`);
}

const CHECKSUM = /^(?<covered>.*),"crc32":(?<sum>\d+)\}$/s;

/** A header, its length in bytes with the newline, and what its checksum has to be. */
export interface DecodedHeader {
  readonly header: ChunkHeader;
  readonly length: number;
  readonly sum: number;
  /** CRC-32 of the covered part of the header line: the seed for the body's. */
  readonly seed: number;
}

/**
 * Reads the header at the start of `bytes`; undefined when its newline is not among them (read more, or torn).
 * @throws CorruptChunkError when it is no header of a version that we know.
 */
export function decodeHeader(file: string, bytes: Buffer): DecodedHeader | undefined {
  const newline = bytes.indexOf(NEWLINE);
  if (newline < 0) return undefined;
  const groups = CHECKSUM.exec(bytes.toString('utf8', 0, newline))?.groups;
  if (groups?.['covered'] === undefined)
    throw new CorruptChunkError(file, 'the first line is no chunk header');
  const covered = groups['covered'];
  let parsed: ChunkHeader & { tailmeter_chunk?: unknown };
  try {
    parsed = JSON.parse(`${covered}}`) as ChunkHeader;
  } catch (cause) {
    throw new CorruptChunkError(file, 'the header is damaged', { cause });
  }
  const { tailmeter_chunk: version, ...header } = parsed;
  if (version !== CHUNK_VERSION) {
    throw new CorruptChunkError(
      file,
      `chunk format ${String(version)} is not known to this version of tailmeter, which writes ${CHUNK_VERSION}`,
    );
  }
  return { header, length: newline + 1, sum: Number(groups['sum']), seed: crc32(covered) };
}

/**
 * Verifies a whole chunk file and finds its events.
 * @throws CorruptChunkError when the bytes are not those that were sealed.
 */
export function decodeChunk(chunk: SealedChunk, bytes: Buffer): LoadedChunk {
  const decoded = decodeHeader(chunk.file, bytes);
  if (decoded === undefined) throw new CorruptChunkError(chunk.file, 'the header is cut off');
  const { header, length, sum, seed } = decoded;
  const body = bytes.subarray(length);
  if (body.length !== header.body_bytes) {
    throw new CorruptChunkError(
      chunk.file,
      `expected ${header.body_bytes} bytes of events, found ${body.length}`,
    );
  }
  if (crc32(body, seed) !== sum) throw new CorruptChunkError(chunk.file, 'the checksum does not fit');

  const starts = new Uint32Array(header.events + 1);
  const lineOffsets = new Float64Array(header.events);
  let position = 0;
  let lineOffset = header.from;
  for (let i = 0; i < header.events; i++) {
    starts[i] = position;
    lineOffset += header.line_offsets[i] ?? 0;
    lineOffsets[i] = lineOffset;
    position = body.indexOf(NEWLINE, position) + 1;
  }
  starts[header.events] = position;
  if (position !== body.length) {
    throw new CorruptChunkError(chunk.file, `expected ${header.events} events, found others`);
  }
  return { chunk, source: header.source, generation: header.generation, body, starts, lineOffsets };
}

const NAME = /^(?<sequence>\d{16})\.ndjson$/;

export const chunkName = (sequence: number): string => `${String(sequence).padStart(16, '0')}.ndjson`;

/** The sequence number in a chunk's file name; undefined for any other file. */
export function sequenceOf(name: string): number | undefined {
  const digits = NAME.exec(name)?.groups?.['sequence'];
  return digits === undefined ? undefined : Number(digits);
}
