/**
 * The books: positions and counts as far as they are durable or can be derived from what is durable. Changed only
 * by a finished seal, a settled chunk, or a generation that starts or ends; a checkpoint is a copy of it.
 */
import type {
  DestinationCounts,
  Generation,
  GenerationPosition,
  Settlement,
  SourceCounts,
} from '../types.ts';
import type { CheckpointData } from './checkpoint.ts';

/** Ended generations that are remembered per source, so that rotated files are not taken for unread ones. */
const ENDED_KEPT = 1000;

/** The range of a seal and what its lines and events became. */
export interface SealedRange {
  readonly source: string;
  readonly generation: Generation;
  readonly to: number;
  readonly counts: SourceCounts;
  /** The highest chunk number of the group; undefined when the range gave no event. */
  readonly sequence?: number;
  /** Events per destination. */
  readonly events: readonly (readonly [destination: string, events: number])[];
}

interface SourceBook {
  readonly counts: SourceCounts;
  readonly positions: Map<string, GenerationPosition>;
}

const keyOf = (generation: Generation): string =>
  `${generation.fingerprint}/${generation.dev}/${generation.ino}`;

export class Ledger {
  #sealedThrough: number;
  readonly #sources = new Map<string, SourceBook>();
  readonly #destinations = new Map<string, DestinationCounts>();
  /** Settled chunks whose deletion is not yet known to be safe or done. */
  readonly #settled: Set<number>;

  constructor(data: CheckpointData) {
    this.#sealedThrough = data.sealed_through;
    this.#settled = new Set(data.settled);
    for (const [source, { counts, generations }] of Object.entries(data.sources)) {
      const positions = new Map(generations.map((position) => [keyOf(position), position]));
      this.#sources.set(source, { counts: { ...counts }, positions });
    }
    for (const [destination, counts] of Object.entries(data.destinations)) {
      this.#destinations.set(destination, { ...counts });
    }
  }

  get sealedThrough(): number {
    return this.#sealedThrough;
  }

  isSettled(sequence: number): boolean {
    return this.#settled.has(sequence);
  }

  /** A generation is read from `offset` on. Does nothing, and says false, when it is known already. */
  started(source: string, generation: Generation, offset: number): boolean {
    const { positions } = this.#source(source);
    const key = keyOf(generation);
    if (positions.has(key)) return false;
    positions.set(key, { ...identityOf(generation), offset, ended: false });
    return true;
  }

  /** Reading starts anew; the counts stay. */
  forgetPositions(): void {
    for (const { positions } of this.#sources.values()) positions.clear();
  }

  /** The range is durable, as chunks, dead letters or nothing. */
  sealed(range: SealedRange): void {
    const book = this.#source(range.source);
    add(book.counts, range.counts);
    const key = keyOf(range.generation);
    const ended = book.positions.get(key)?.ended ?? false;
    book.positions.set(key, { ...identityOf(range.generation), offset: range.to, ended });
    for (const [destination, events] of range.events) this.destination(destination).events += events;
    if (range.sequence !== undefined) this.#sealedThrough = range.sequence;
  }

  /** Nothing more will come from the generation, and all of it is sealed. */
  ended(source: string, generation: Generation, offset: number): void {
    const { positions } = this.#source(source);
    positions.set(keyOf(generation), { ...identityOf(generation), offset, ended: true });
    let surplus = [...positions.values()].filter((position) => position.ended).length - ENDED_KEPT;
    for (const [key, position] of positions) {
      if (surplus <= 0) break;
      if (!position.ended) continue;
      positions.delete(key);
      surplus--;
    }
  }

  settled(destination: string, sequence: number, settlement: Settlement): void {
    const counts = this.destination(destination);
    counts.delivered += settlement.delivered;
    counts.duplicates += settlement.duplicates;
    counts.dead += settlement.dead;
    this.#settled.add(sequence);
  }

  /** The chunks' files are gone for good. */
  deleted(sequences: Iterable<number>): void {
    for (const sequence of sequences) this.#settled.delete(sequence);
  }

  /** All settled chunks of the checkpoint are deleted: recovery has seen to it. */
  forgetSettled(): void {
    this.#settled.clear();
  }

  destination(name: string): DestinationCounts {
    let counts = this.#destinations.get(name);
    if (counts === undefined) {
      counts = { events: 0, delivered: 0, duplicates: 0, dead: 0 };
      this.#destinations.set(name, counts);
    }
    return counts;
  }

  sources(): ReadonlyMap<
    string,
    { readonly counts: SourceCounts; readonly positions: readonly GenerationPosition[] }
  > {
    return new Map(
      [...this.#sources].map(([source, { counts, positions }]) => [
        source,
        { counts, positions: [...positions.values()] },
      ]),
    );
  }

  destinations(): ReadonlyMap<string, DestinationCounts> {
    return this.#destinations;
  }

  snapshot(): CheckpointData {
    return {
      sealed_through: this.#sealedThrough,
      sources: Object.fromEntries(
        [...this.#sources].map(([source, { counts, positions }]) => [
          source,
          { counts: { ...counts }, generations: [...positions.values()] },
        ]),
      ),
      destinations: Object.fromEntries(
        [...this.#destinations].map(([name, counts]) => [name, { ...counts }]),
      ),
      settled: [...this.#settled],
    };
  }

  #source(source: string): SourceBook {
    let book = this.#sources.get(source);
    if (book === undefined) {
      book = { counts: { lines: 0, skipped: 0, dead: 0, mapped: 0 }, positions: new Map() };
      this.#sources.set(source, book);
    }
    return book;
  }
}

export function add(total: SourceCounts, more: SourceCounts): void {
  total.lines += more.lines;
  total.skipped += more.skipped;
  total.dead += more.dead;
  total.mapped += more.mapped;
}

/** Only what identifies it: whatever else the object of a tailer carries does not belong on disk. */
export const identityOf = ({ dev, ino, fingerprint, fingerprintBytes, path }: Generation): Generation => ({
  dev,
  ino,
  fingerprint,
  fingerprintBytes,
  path,
});
