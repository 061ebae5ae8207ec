/**
 * The books: positions and counts as far as they are durable or can be derived from what is durable. Changed only
 * by a finished seal, a settled chunk, or a generation that starts or ends; a checkpoint is a copy of it.
 */
import type { LineLoss } from '../loss.ts';
import type {
  DeadReason,
  DestinationCounts,
  Generation,
  GenerationAccount,
  Sampled,
  SealedChunk,
  Settlement,
  SourceCounts,
} from '../types.ts';
import type { Books } from './checkpoint.ts';
import { generationKey as keyOf } from '../generation-key.ts';
import type { Mark } from '../mark.ts';
import { add, noLines } from './counts.ts';
import { Losses } from './losses.ts';
import { addSampled, entriesOf, restartSampled, squeezeSampled } from './sampled.ts';

/** Ended generations that are remembered per source, so that rotated files are not taken for unread ones. */
const ENDED_KEPT = 1000;

/** The range of a seal and what its lines and events became. */
export interface SealedRange {
  readonly source: string;
  readonly generation: Generation;
  readonly from: number;
  readonly to: number;
  /** Of what stands before `to`. */
  readonly mark?: Mark | undefined;
  readonly counts: SourceCounts;
  /** Failed lines without a letter. */
  readonly sampled?: Sampled;
  /** The highest chunk number of the group; undefined when the range gave no event. */
  readonly sequence?: number;
  /** Events per destination. */
  readonly events: readonly (readonly [destination: string, events: number])[];
}

interface SourceBook {
  readonly counts: SourceCounts;
  readonly positions: Map<string, GenerationAccount>;
  /** Failed lines without a letter, by reason, those of forgotten generations included. */
  sampled: { [reason in DeadReason]?: number };
}

export class Ledger {
  /** What will not be delivered. */
  readonly losses: Losses;
  #sealedThrough: number;
  readonly #sources = new Map<string, SourceBook>();
  readonly #destinations = new Map<string, DestinationCounts>();
  /** Destinations of the settled chunks whose files are not known to be gone for good. */
  readonly #settled = new Map<number, string>();

  constructor(books: Books) {
    this.#sealedThrough = books.sealed_through;
    this.losses = new Losses(books.losses ?? []);
    for (const [source, { counts, generations, sampled = {} }] of Object.entries(books.sources)) {
      const positions = new Map(generations.map((position) => [keyOf(position), position]));
      this.#sources.set(source, { counts: { ...counts }, positions, sampled: { ...sampled } });
    }
    for (const [destination, counts] of Object.entries(books.destinations)) {
      this.#destinations.set(destination, { ...counts });
    }
    for (const [destination, sequences] of Object.entries(books.settled)) {
      for (const sequence of sequences) this.#settled.set(sequence, destination);
    }
  }

  get sealedThrough(): number {
    return this.#sealedThrough;
  }

  /** Chunk numbers up to this one will not be given again, nor looked at as new. */
  cover(sequence: number): void {
    this.#sealedThrough = Math.max(this.#sealedThrough, sequence);
  }

  /** Sequence number and destination of the settled chunks whose files may still be there. */
  get settledChunks(): ReadonlyMap<number, string> {
    return this.#settled;
  }

  position(source: string, generation: Generation): GenerationAccount | undefined {
    return this.#sources.get(source)?.positions.get(keyOf(generation));
  }

  /** A generation is read from `offset` on, before which `mark` stands. False when the books say so already. */
  started(source: string, generation: Generation, offset: number, mark?: Mark): boolean {
    const known = this.position(source, generation);
    this.#set(source, generation, { ...accountAt(known, offset), ...marked(mark), offset, ended: false });
    return known === undefined || known.ended || known.offset !== offset;
  }

  /**
   * The accounts of all generations begin anew where reading stands: from here on lines become something else than
   * before, and what they became before cannot be repeated. The totals of the sources stay.
   */
  restartAccounts(): void {
    for (const { positions } of this.#sources.values()) {
      for (const [key, position] of positions) {
        positions.set(key, {
          ...position,
          start: position.offset,
          counts: noLines(),
          ...restarted(position),
        });
      }
    }
  }

  /** Reading starts anew; the counts stay. */
  forgetPositions(): void {
    for (const { positions } of this.#sources.values()) positions.clear();
  }

  /** The range is durable, as chunks, dead letters or nothing. */
  sealed(range: SealedRange): void {
    const { source, generation, from, to, mark, counts, events, sequence, sampled = {} } = range;
    const book = this.#source(source);
    add(book.counts, counts);
    for (const [reason, [, , letters]] of entriesOf(sampled)) {
      book.sampled[reason] = (book.sampled[reason] ?? 0) + letters;
    }
    const { start, counts: account, sampled: known } = accountAt(this.position(source, generation), from);
    add(account, counts);
    const left = addSampled(known, range.sampled);
    this.#set(source, generation, {
      start,
      counts: account,
      ...(left === undefined ? {} : { sampled: left }),
      ...marked(mark),
      offset: to,
      ended: false,
    });
    this.losses.read(source, generation, from, to);
    for (const [destination, count] of events) this.destination(destination).events += count;
    if (sequence !== undefined) this.cover(sequence);
  }

  /** Nothing more will come from the generation, and all of it is sealed. */
  ended(source: string, generation: Generation, offset: number): void {
    const account = accountAt(this.position(source, generation), offset);
    this.#set(source, generation, {
      ...account,
      ...(account.sampled === undefined ? {} : { sampled: squeezeSampled(account.sampled) }),
      offset,
      ended: true,
    });
    this.losses.ended(source, generation, offset);
    const { positions } = this.#source(source);
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
    this.#settled.set(sequence, destination);
  }

  /**
   * A part of a generation will not be read; with `isEnd`, nothing more of it.
   * @param now Unix milliseconds
   * @returns the id of the loss
   */
  lostLines(loss: LineLoss, now: number): string {
    if (loss.isEnd) this.ended(loss.source, loss.generation, loss.from);
    return this.losses.lines(loss, now).id;
  }

  /**
   * Of the events that were settled as dead, those of this chunk have no letter.
   * @param now Unix milliseconds
   */
  lostChunk({ destination, events, fingerprint, from, to }: SealedChunk, reason: string, now: number): void {
    this.destination(destination).lost += events;
    const path = this.#pathOf(fingerprint);
    const place = { ...(path === undefined ? {} : { path }), fingerprint, from, to };
    this.losses.events({ destination, events, reason, ...place }, now);
  }

  /** The chunks' files are gone for good. */
  deleted(sequences: Iterable<number>): void {
    for (const sequence of sequences) this.#settled.delete(sequence);
  }

  /**
   * Makes the counts agree with the chunks that are really there. Events that no chunk holds any more (it was
   * damaged, or somebody deleted it) are dead; those of a chunk that was put back are not.
   * @returns how many events have gone; negative when some came back
   */
  reconcile(destination: string, waiting: number): number {
    const counts = this.destination(destination);
    const gone = counts.events - counts.delivered - counts.duplicates - counts.dead - waiting;
    const dead = Math.max(0, counts.dead + gone);
    counts.events += dead - counts.dead - gone;
    counts.dead = dead;
    counts.lost = Math.max(0, counts.lost + gone);
    return gone;
  }

  destination(name: string): DestinationCounts {
    let counts = this.#destinations.get(name);
    if (counts === undefined) {
      counts = { events: 0, delivered: 0, duplicates: 0, dead: 0, lost: 0 };
      this.#destinations.set(name, counts);
    }
    return counts;
  }

  sources(): ReadonlyMap<
    string,
    {
      readonly counts: SourceCounts;
      readonly positions: readonly GenerationAccount[];
      readonly sampled: { readonly [reason in DeadReason]?: number };
    }
  > {
    return new Map(
      [...this.#sources].map(([source, { counts, positions, sampled }]) => [
        source,
        { counts, positions: [...positions.values()], sampled },
      ]),
    );
  }

  destinations(): ReadonlyMap<string, DestinationCounts> {
    return this.#destinations;
  }

  snapshot(): Books {
    const settled: Record<string, number[]> = {};
    for (const [sequence, destination] of this.#settled) (settled[destination] ??= []).push(sequence);
    return {
      sealed_through: this.#sealedThrough,
      sources: Object.fromEntries(
        [...this.#sources].map(([source, { counts, positions, sampled }]) => [
          source,
          {
            counts: { ...counts },
            generations: [...positions.values()],
            ...(Object.keys(sampled).length === 0 ? {} : { sampled: { ...sampled } }),
          },
        ]),
      ),
      destinations: Object.fromEntries(
        [...this.#destinations].map(([name, counts]) => [name, { ...counts }]),
      ),
      settled,
      ...(this.losses.list().length === 0 ? {} : { losses: this.losses.list() }),
    };
  }

  #pathOf(fingerprint: string): string | undefined {
    for (const { positions } of this.#sources.values()) {
      for (const position of positions.values())
        if (position.fingerprint === fingerprint) return position.path;
    }
    return undefined;
  }

  #set(source: string, generation: Generation, state: Omit<GenerationAccount, keyof Generation>): void {
    const { positions } = this.#source(source);
    positions.set(keyOf(generation), { ...identityOf(generation), ...state });
  }

  #source(source: string): SourceBook {
    let book = this.#sources.get(source);
    if (book === undefined) {
      book = { counts: noLines(), positions: new Map(), sampled: {} };
      this.#sources.set(source, book);
    }
    return book;
  }
}

/**
 * What is known of the lines before `offset`, as a copy, with their mark. Nothing unless it reaches up to there: a generation that is
 * read again from elsewhere (truncated, and begun with the same line) has another history.
 */
function accountAt(
  known: GenerationAccount | undefined,
  offset: number,
): Pick<GenerationAccount, 'start' | 'mark' | 'sampled'> & { counts: SourceCounts } {
  return known?.offset === offset
    ? {
        start: known.start,
        counts: { ...known.counts },
        ...(known.sampled === undefined ? {} : { sampled: known.sampled }),
        ...marked(known.mark),
      }
    : { start: offset, counts: noLines(), ...restarted(known) };
}

const marked = (mark: Mark | undefined): Pick<GenerationAccount, 'mark'> =>
  mark === undefined ? {} : { mark };

/** What stands where remains of interest, though the account begins anew. */
const restarted = (known: GenerationAccount | undefined): Pick<GenerationAccount, 'sampled'> =>
  known?.sampled === undefined ? {} : { sampled: restartSampled(known.sampled) };

/** Only what identifies it: whatever else the object of a tailer carries does not belong on disk. */
export const identityOf = ({
  dev,
  ino,
  fingerprint,
  fingerprintBytes,
  twin,
  path,
}: Generation): Generation => ({
  dev,
  ino,
  fingerprint,
  fingerprintBytes,
  ...(twin === undefined ? {} : { twin }),
  path,
});
