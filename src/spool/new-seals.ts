/**
 * The seals that the checkpoint does not know yet: verified in full, as a crash may have cut them off, and added to
 * the books in their order.
 *
 * A seal counts when all its chunks are whole and it follows on what is known of its generation. Else its lines are
 * read again, with the same ids, and what there is of it must not be shipped beside them:
 *  - a chunk of it has no file: the crash came before the last rename, nothing of it was ever shipped → deleted
 *  - a chunk of it is damaged, or lines before it are read again → quarantined
 */
import type { SealedChunk } from '../types.ts';
import { CorruptChunkError } from '../errors.ts';
import { verifyChunk, type ChunkHeader } from './chunk-format.ts';
import type { Ledger } from './ledger.ts';
import { isMissing, isUnreadable, type StateFs } from './state-fs.ts';

export interface NewSeals {
  /** Chunks that count. */
  readonly valid: readonly SealedChunk[];
  /** Ranges of logs that they cover. */
  readonly ranges: number;
  /** Chunks of seals that were never finished. */
  readonly cutOff: readonly SealedChunk[];
  readonly damaged: readonly { readonly chunk: SealedChunk; readonly error: CorruptChunkError }[];
}

type Seal = Omit<ChunkHeader, 'line_offsets'>;

/** By chunk number. */
type FoundSeals = ReadonlyMap<number, Seal | CorruptChunkError>;

/** @param chunks those after the last seal that `ledger` knows, by number */
export async function applyNewSeals(
  fs: StateFs,
  ledger: Ledger,
  chunks: readonly SealedChunk[],
): Promise<NewSeals> {
  const found = new Map<number, Seal | CorruptChunkError>();
  for (const chunk of chunks) {
    const seal = await readSeal(fs, chunk);
    if (seal !== undefined) found.set(chunk.sequence, seal);
  }
  const valid: SealedChunk[] = [];
  const cutOff: SealedChunk[] = [];
  const damaged: { chunk: SealedChunk; error: CorruptChunkError }[] = [];
  const counted = new Set<number>();
  let ranges = 0;
  let expected = ledger.sealedThrough + 1;
  /** No seal is missing before the one that is looked at. */
  let unbroken = true;
  for (const chunk of chunks) {
    const { sequence, file } = chunk;
    const seal = found.get(sequence);
    if (seal === undefined) continue;
    unbroken &&= sequence === expected;
    expected = sequence + 1;
    if (counted.has(sequence)) {
      valid.push(chunk);
      continue;
    }
    const members = membersOf(seal, found);
    if (members instanceof CorruptChunkError) {
      damaged.push({ chunk, error: members });
    } else if (members === undefined) {
      cutOff.push(chunk);
    } else if (!follows(ledger, members[0], unbroken)) {
      damaged.push({
        chunk,
        error: new CorruptChunkError(file, 'lines before it are read again, and its own'),
      });
    } else {
      count(ledger, members);
      ranges++;
      for (const member of members) counted.add(member.sequence);
      valid.push(chunk);
      continue;
    }
    unbroken = false;
  }
  return { valid, ranges, cutOff, damaged };
}

/** undefined when the file has gone meanwhile. */
async function readSeal(fs: StateFs, chunk: SealedChunk): Promise<Seal | CorruptChunkError | undefined> {
  const { file, sequence, destination, events } = chunk;
  try {
    const { header, checksum } = verifyChunk(file, await fs.read(file));
    const { line_offsets: _, ...seal } = header;
    const isItself =
      seal.sequence === sequence &&
      seal.destination === destination &&
      seal.events === events &&
      checksum === chunk.checksum;
    return isItself ? seal : new CorruptChunkError(file, 'it is another chunk than its name says');
  } catch (error) {
    if (error instanceof CorruptChunkError) return error;
    if (isMissing(error)) return undefined;
    if (isUnreadable(error)) return new CorruptChunkError(file, 'it cannot be read', { cause: error });
    throw error;
  }
}

/** All chunks of a seal; undefined when one has no file. */
function membersOf(
  seal: Seal | CorruptChunkError,
  found: FoundSeals,
): readonly [Seal, ...Seal[]] | undefined | CorruptChunkError {
  if (seal instanceof CorruptChunkError) return seal;
  const others: Seal[] = [];
  for (const [destination, sequence] of seal.group) {
    if (sequence === seal.sequence) continue;
    const member = found.get(sequence);
    if (member === undefined) return undefined;
    if (member instanceof CorruptChunkError) {
      return new CorruptChunkError(member.file, `the chunk of ${destination} of the same seal is damaged`);
    }
    others.push(member);
  }
  return [seal, ...others];
}

/** Whether all lines before the seal's are in the books. Of a generation that they do not know this is its first seal. */
function follows(ledger: Ledger, { source, generation, from }: Seal, unbroken: boolean): boolean {
  const position = ledger.position(source, generation);
  return position === undefined ? unbroken : position.offset === from;
}

function count(ledger: Ledger, members: readonly [Seal, ...Seal[]]): void {
  const [{ source, generation, from, to, mark, counts, sampled }] = members;
  ledger.sealed({
    source,
    generation,
    from,
    to,
    mark,
    counts,
    ...(sampled === undefined ? {} : { sampled }),
    sequence: Math.max(...members.map(({ sequence }) => sequence)),
    events: members.map(({ destination, events }) => [destination, events] as const),
  });
}
