/**
 * What a start makes of the state directory: the newest whole checkpoint, moved forward by the chunks that were
 * sealed after it. docs/spool.md pairs each crash window with what happens here.
 */
import { basename, join } from 'node:path';
import { CorruptChunkError } from '../errors.ts';
import type { Reporter } from '../observe/events.ts';
import type { GenerationPosition, SealedChunk } from '../types.ts';
import { readCheckpoint } from './checkpoint.ts';
import { decodeHeader, sequenceOf, type ChunkHeader } from './chunk-format.ts';
import { readDeadLetters } from './dead-letters.ts';
import { layoutOf } from './layout.ts';
import { Ledger } from './ledger.ts';
import type { StateFs } from './state-fs.ts';

export interface Recovered {
  readonly ledger: Ledger;
  /** Unsettled chunks per destination, oldest first. */
  readonly chunks: ReadonlyMap<string, readonly SealedChunk[]>;
  /** Ids of dead letters that reading and shipping on will bring a second time. */
  readonly knownLetters: Set<string>;
  readonly nextSequence: number;
  /** What the last replay was asked to do. */
  readonly plan: string | undefined;
}

/** Nothing is changed when `readOnly`: for status, which may look while a daemon runs or after it has died. */
export interface RecoverOptions {
  readonly reporter: Reporter;
  readonly readOnly: boolean;
}

/** What a header says of its seal. */
type Seal = Omit<ChunkHeader, 'line_offsets'>;

interface FoundChunk {
  readonly chunk: SealedChunk;
  /** Only for seals that are not in the checkpoint: with millions of events waiting, headers are not kept. */
  readonly seal: Seal | undefined;
}

/** Chunk files that are looked at side by side. */
const AT_ONCE = 16;

/** Large enough for almost every header; a longer one is read in a second go. */
const HEAD_BYTES = 32 * 1024;

export async function recover(fs: StateFs, stateDir: string, options: RecoverOptions): Promise<Recovered> {
  return new Recovery(fs, stateDir, options).run();
}

class Recovery {
  readonly #fs: StateFs;
  readonly #stateDir: string;
  readonly #o: RecoverOptions;

  constructor(fs: StateFs, stateDir: string, options: RecoverOptions) {
    this.#fs = fs;
    this.#stateDir = stateDir;
    this.#o = options;
  }

  async run(): Promise<Recovered> {
    const checkpoint = await readCheckpoint(this.#fs, this.#stateDir, async (file, error) => {
      this.#o.reporter.report({ event: 'checkpoint_damaged', file, error });
      await this.#setAside(file, basename(file));
    });
    const ledger = new Ledger(checkpoint);
    const found = await this.#scan(ledger);
    const valid = await this.#applyNewSeals(ledger, found);

    const chunks = new Map<string, SealedChunk[]>();
    for (const { chunk } of valid) {
      const queue = chunks.get(chunk.destination);
      if (queue === undefined) chunks.set(chunk.destination, [chunk]);
      else queue.push(chunk);
    }
    return {
      ledger,
      chunks,
      knownLetters: await this.#lettersThatComeAgain(ledger, valid),
      nextSequence:
        [...checkpoint.settled, ...sequences(found)].reduce(
          (most, sequence) => Math.max(most, sequence),
          ledger.sealedThrough,
        ) + 1,
      plan: checkpoint.plan,
    };
  }

  /** All chunk files with a whole header and the promised size, by number. Settled ones and leftovers are deleted. */
  async #scan(ledger: Ledger): Promise<FoundChunk[]> {
    const found: FoundChunk[] = [];
    const layout = layoutOf(this.#stateDir);
    for (const destination of await this.#fs.list(layout.spool)) {
      const folder = layout.chunks(destination);
      const names = await this.#fs.list(folder);
      const gone = names.filter((name) => name.endsWith('.tmp') || ledger.isSettled(sequenceOf(name) ?? 0));
      if (!this.#o.readOnly && gone.length > 0) {
        for (const name of gone) await this.#fs.remove(join(folder, name));
        await this.#fs.syncDir(folder);
      }
      const left = names.filter((name) => sequenceOf(name) !== undefined && !gone.includes(name));
      for (let i = 0; i < left.length; i += AT_ONCE) {
        const some = left.slice(i, i + AT_ONCE).map((name) => this.#readChunk(destination, name, ledger));
        for (const chunk of await Promise.all(some)) if (chunk !== undefined) found.push(chunk);
      }
    }
    if (!this.#o.readOnly) ledger.forgetSettled();
    return found.toSorted((a, b) => a.chunk.sequence - b.chunk.sequence);
  }

  async #readChunk(destination: string, name: string, ledger: Ledger): Promise<FoundChunk | undefined> {
    const file = join(layoutOf(this.#stateDir).chunks(destination), name);
    const sequence = sequenceOf(name) ?? 0;
    try {
      const bytes = (await this.#fs.size(file)) ?? 0;
      const head = await this.#fs.readAt(file, 0, HEAD_BYTES);
      const decoded = decodeHeader(file, head) ?? decodeHeader(file, await this.#fs.read(file));
      if (decoded === undefined) throw new CorruptChunkError(file, 'the header is cut off');
      const { header, length } = decoded;
      if (bytes !== length + header.body_bytes) {
        throw new CorruptChunkError(
          file,
          `expected ${length + header.body_bytes} bytes, found ${bytes}: it is cut off`,
        );
      }
      const { line_offsets: _, ...seal } = header;
      return {
        chunk: { destination, sequence, file, bytes, events: header.events },
        seal: sequence > ledger.sealedThrough ? seal : undefined,
      };
    } catch (error) {
      if (!(error instanceof CorruptChunkError)) throw error;
      const aside = await this.#setAside(file, `${destination}-${name}`);
      this.#o.reporter.report({ event: 'chunk_quarantined', destination, file: aside, error });
      return undefined;
    }
  }

  /**
   * Adds the seals that the checkpoint does not know. A seal counts when all its chunks are here and it follows
   * on what is known of its generation; else its lines are read again, and what there is of it is set aside:
   * it was never shipped (an incomplete group), or its events come again with the same ids (a gap before it).
   */
  async #applyNewSeals(ledger: Ledger, found: readonly FoundChunk[]): Promise<FoundChunk[]> {
    const present = new Set(found.map(({ chunk }) => chunk.sequence));
    const valid: FoundChunk[] = [];
    const applied = new Set<number>();
    for (const item of found) {
      const { seal, chunk } = item;
      if (seal === undefined || applied.has(chunk.sequence)) {
        valid.push(item);
        continue;
      }
      const complete = seal.group.every(([, sequence]) => present.has(sequence));
      if (!complete || leavesGap(ledger, seal)) {
        await this.#setAside(chunk.file, `incomplete-${chunk.destination}-${basename(chunk.file)}`);
        continue;
      }
      const members = found.filter(({ chunk: { sequence } }) =>
        seal.group.some((member) => member[1] === sequence),
      );
      ledger.sealed({
        source: seal.source,
        generation: seal.generation,
        to: seal.to,
        counts: seal.counts,
        sequence: Math.max(...sequences(members)),
        events: members.map(({ chunk: { destination, events } }) => [destination, events] as const),
      });
      for (const sequence of sequences(members)) applied.add(sequence);
      valid.push(item);
    }
    return valid;
  }

  async #lettersThatComeAgain(ledger: Ledger, chunks: readonly FoundChunk[]): Promise<Set<string>> {
    const known = new Set<string>();
    const pending = new Set(chunks.map(({ chunk }) => `${chunk.destination}:${chunk.sequence}`));
    for await (const { id, destination, source, fingerprint, offset } of readDeadLetters(
      this.#fs,
      layoutOf(this.#stateDir).dead,
    )) {
      const again =
        destination === undefined
          ? offset >= readFrom(ledger, source, fingerprint)
          : pending.has(id.slice(0, id.lastIndexOf(':')));
      if (again) known.add(id);
    }
    return known;
  }

  async #setAside(file: string, name: string): Promise<string> {
    const { quarantine } = layoutOf(this.#stateDir);
    const target = join(quarantine, name);
    if (this.#o.readOnly) return target;
    await this.#fs.makeDir(quarantine);
    await this.#fs.rename(file, target);
    await this.#fs.syncDir(quarantine);
    return target;
  }

  async #remove(file: string): Promise<void> {
    if (!this.#o.readOnly) await this.#fs.remove(file);
  }
}

const sequences = (found: readonly FoundChunk[]): number[] => found.map(({ chunk }) => chunk.sequence);

const positionsOf = (ledger: Ledger, source: string, fingerprint: string): GenerationPosition[] =>
  (ledger.sources().get(source)?.positions ?? []).filter((position) => position.fingerprint === fingerprint);

/** Whether lines before the seal's range are neither in the checkpoint nor in a seal before it. */
function leavesGap(ledger: Ledger, { source, generation, from }: Seal): boolean {
  const position = positionsOf(ledger, source, generation.fingerprint).find(
    ({ dev, ino }) => dev === generation.dev && ino === generation.ino,
  );
  return position !== undefined && position.offset !== from;
}

/** The offset from which lines of a generation are read again. */
function readFrom(ledger: Ledger, source: string, fingerprint: string): number {
  const offsets = positionsOf(ledger, source, fingerprint).map(({ offset }) => offset);
  return offsets.length === 0 ? 0 : Math.min(...offsets);
}
