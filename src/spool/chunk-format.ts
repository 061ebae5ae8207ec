/**
 * The bytes of a chunk file: a plain text that `jq` reads, never edited once it has its name.
 *
 *   {"tailmeter_chunk":1,"sequence":42,…,"body_bytes":520113,…,"crc32":3735928559}\n   header, one JSON line
 *   {"transaction_id":"…","external_subscription_id":"…",…}\n                          event 0, as it is sent
 *   {"transaction_id":"…",…}\n                                                         event 1
 *   …
 *
 * `crc32` covers everything after the header line, whose own checksum is in the name of the file, and then the header
 * line up to its last comma. Later versions may change all but that, so that a damaged file can be told from one that
 * is only too new.
 */
import { crc32 } from 'node:zlib';
import { CorruptChunkError, NewerChunkError } from '../errors.ts';
import type { Mark } from '../mark.ts';
import type { Generation, LoadedChunk, Sampled, SealedChunk, SourceCounts } from '../types.ts';
import type { TimeLimits } from '../time-limits.ts';

/** The format that this version writes and reads. */
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
  /** Of what stands before `to`: it goes with the position that the seal gives the generation. */
  readonly mark?: Mark | undefined;
  /** What the lines of that range became, for the whole group. */
  readonly counts: SourceCounts;
  /** By which times of lines of the range were found implausible; absent when none was. */
  readonly plausible?: TimeLimits;
  /** Failed lines of the range without a letter; absent when there are none. */
  readonly sampled?: Sampled;
  readonly events: number;
  readonly created: string;
  readonly body_bytes: number;
  /** For event i: the offset of its line, minus that of event i−1's line (minus `from` for the first). */
  readonly line_offsets: readonly number[];
}

/**
 * The header as a line of bytes.
 * @param bodyChecksum CRC-32 of the body
 */
export function encodeHeader(header: ChunkHeader, bodyChecksum: number): Buffer {
  const json = JSON.stringify({ tailmeter_chunk: CHUNK_VERSION, ...header });
  const covered = json.slice(0, -1);
  return Buffer.from(`${covered},"crc32":${crc32(covered, bodyChecksum)}}\n`);
}

/** See `ChunkHeader.line_offsets`: from the offsets of the lines that gave the events of a range. */
export function lineOffsetsOf(offsets: Float64Array, from: number, into: number[] = []): number[] {
  into.length = offsets.length;
  let before = from;
  for (let i = 0; i < offsets.length; i++) {
    into[i] = offsets[i]! - before;
    before = offsets[i]!;
  }
  return into;
}

/** A chunk whose checksum fits. */
export interface VerifiedChunk {
  readonly header: ChunkHeader;
  readonly body: Buffer;
  /** CRC-32 of the body. */
  readonly checksum: number;
}

const HEADER = /^(?<covered>\{"tailmeter_chunk":(?<version>\d+),.*),"crc32":(?<sum>\d+)\}$/s;

/**
 * Verifies the bytes of a whole chunk file.
 * @throws CorruptChunkError when they are not those that were sealed; NewerChunkError when another version has to.
 */
export function verifyChunk(file: string, bytes: Buffer): VerifiedChunk {
  const newline = bytes.indexOf(NEWLINE);
  const groups = newline < 0 ? undefined : HEADER.exec(bytes.toString('utf8', 0, newline))?.groups;
  const covered = groups?.['covered'];
  if (groups === undefined || covered === undefined) {
    throw new CorruptChunkError(file, 'the first line is no whole chunk header');
  }
  const body = bytes.subarray(newline + 1);
  const checksum = crc32(body);
  const fits = crc32(covered, checksum) === Number(groups['sum']);
  if (groups['version'] !== String(CHUNK_VERSION)) {
    if (!fits) throw new CorruptChunkError(file, 'the checksum does not fit');
    throw new NewerChunkError(
      file,
      `chunk format ${groups['version']} is not known to this version of tailmeter, which knows ${CHUNK_VERSION}; the file is left where it is for a version that does`,
    );
  }
  if (!fits) throw new CorruptChunkError(file, damageOf(covered, body));
  return { header: parseHeader(covered) ?? bug(file), body, checksum };
}

function parseHeader(covered: string): ChunkHeader | undefined {
  try {
    const { tailmeter_chunk: _, ...header } = JSON.parse(`${covered}}`) as ChunkHeader & {
      tailmeter_chunk: number;
    };
    return header;
  } catch {
    return undefined;
  }
}

const bug = (file: string): never => {
  throw new CorruptChunkError(file, 'the header is no JSON, though its checksum fits');
};

/** What is wrong, and as far as the header can still be read, where its events can be found again. */
function damageOf(covered: string, body: Buffer): string {
  const header = parseHeader(covered);
  const { body_bytes: expected = body.length, from, to, generation } = header ?? {};
  const damage =
    body.length === expected
      ? 'the checksum does not fit'
      : `${expected} bytes of events expected, ${body.length} found`;
  return generation?.path === undefined
    ? damage
    : `${damage}; by its header its events come from bytes ${from} to ${to} of ${generation.path}`;
}

/**
 * Verifies a whole chunk file and finds its events.
 * @throws CorruptChunkError, NewerChunkError as `verifyChunk`
 */
export function decodeChunk(chunk: SealedChunk, bytes: Buffer): LoadedChunk {
  const { header, body, checksum } = verifyChunk(chunk.file, bytes);
  const { events, source, generation, from, line_offsets: lines } = header;
  if (events !== chunk.events || lines.length !== events) {
    throw new CorruptChunkError(chunk.file, `${chunk.events} events expected, ${events} found`);
  }
  if (checksum !== chunk.checksum) {
    throw new CorruptChunkError(chunk.file, 'it holds other events than its name says');
  }
  const starts = new Uint32Array(events + 1);
  const lineOffsets = new Float64Array(events);
  let position = 0;
  let lineOffset = from;
  for (let i = 0; i < events; i++) {
    lineOffset += lines[i] ?? 0;
    lineOffsets[i] = lineOffset;
    const newline = body.indexOf(NEWLINE, position);
    if (newline < 0) break;
    position = newline + 1;
    starts[i + 1] = position;
  }
  if (starts[events] !== body.length) {
    throw new CorruptChunkError(chunk.file, `${events} events expected, others found`);
  }
  return { chunk, source, generation, body, starts, lineOffsets };
}
