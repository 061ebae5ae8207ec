/**
 * Makes ranges durable, one after the other: dead letters first, then the chunks of all destinations under
 * temporary names, then their real names. Only when the last name is durable does the range count, and only then
 * may any of its chunks be shipped; recovery throws away a group that is not complete (see recovery.ts).
 * Every range that is not in the checkpoint thus has its chunks, and the ranges of a generation leave no gap.
 *
 * A seal that fails (disk full, I/O error) is tried again until it works; meanwhile the gate is closed.
 */
import type { Reporter } from '../observe/events.ts';
import type { Clock, DeadLetter, SealedChunk } from '../types.ts';
import { chunkName, encodeHeader, type ChunkHeader, type GroupMember } from './chunk-format.ts';
import type { DeadLetterStore } from './dead-letters.ts';
import type { SpoolGate } from './gate.ts';
import { layoutOf, type StateLayout } from './layout.ts';
import { identityOf, type Ledger } from './ledger.ts';
import { lettersOf } from './line-letters.ts';
import type { OpenPart, OpenRange } from './open-range.ts';
import type { StateFs } from './state-fs.ts';

const RETRY_MS = 1000;

export interface SealerOptions {
  readonly fs: StateFs;
  readonly stateDir: string;
  /** Names by destination number. */
  readonly destinations: readonly string[];
  readonly nextSequence: number;
  readonly letters: DeadLetterStore;
  readonly ledger: Ledger;
  readonly gate: SpoolGate;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Writes the checkpoint now. */
  readonly checkpoint: () => Promise<void>;
  /** The chunks of a finished seal, ready to be shipped. */
  readonly sealed: (chunks: readonly SealedChunk[]) => void;
}

export class Sealer {
  readonly #o: SealerOptions;
  readonly #layout: StateLayout;
  #nextSequence: number;
  #backlog = 0;
  #last: Promise<void> = Promise.resolve();
  #oneDone = Promise.withResolvers<void>();

  constructor(options: SealerOptions) {
    this.#o = options;
    this.#layout = layoutOf(options.stateDir);
    this.#nextSequence = options.nextSequence;
  }

  /** Ranges handed over and not yet durable. */
  get backlog(): number {
    return this.#backlog;
  }

  /** Resolves when the seal under way is done, if there is one. */
  oneDone(): Promise<void> {
    return this.#backlog === 0 ? Promise.resolve() : this.#oneDone.promise;
  }

  /** Resolves when everything handed over so far is durable, or given up because the daemon stops. */
  drained(): Promise<void> {
    return this.#last;
  }

  /** Takes the range over. Ranges become durable in the order of these calls. */
  seal(range: OpenRange): void {
    this.#backlog++;
    this.#last = this.#last.then(async () => {
      await this.#sealUntilDone(range);
      this.#backlog--;
      this.#oneDone.resolve();
      this.#oneDone = Promise.withResolvers();
    });
  }

  /** Runs when all ranges handed over before are durable. */
  then(action: () => void): void {
    this.#last = this.#last.then(() => {
      if (!this.#o.signal.aborted) action();
    });
  }

  async #sealUntilDone(range: OpenRange): Promise<void> {
    const { gate, signal, clock } = this.#o;
    const letters = lettersOf(range, clock.now());
    const group = this.#groupOf(range);
    let step: 'letters' | 'chunks' | 'checkpoint' = 'letters';
    while (!signal.aborted) {
      try {
        await gate.checkDisk();
        if (step === 'letters') {
          await this.#o.letters.append(letters);
          step = 'chunks';
        }
        if (step === 'chunks') {
          this.#finish(range, await this.#write(range, group), letters);
          step = 'checkpoint';
        }
        // A range without an event has no chunk to tell of it after a crash: only the checkpoint can.
        if (group.length === 0) await this.#o.checkpoint();
        gate.open('write_failed');
        return;
      } catch (error) {
        gate.close('write_failed', `cannot write to ${this.#layout.root}: ${(error as Error).message}`);
        await clock.sleep(RETRY_MS, signal);
        await this.#makeFolders().catch(() => {});
      }
    }
  }

  /** Numbers the chunks of a range; destinations without an event have none. */
  #groupOf(range: OpenRange): GroupMember[] {
    return this.#o.destinations
      .filter((_, number) => (range.parts[number]?.events ?? 0) > 0)
      .map((destination) => [destination, this.#nextSequence++]);
  }

  async #write(range: OpenRange, group: readonly GroupMember[]): Promise<SealedChunk[]> {
    const { fs, destinations } = this.#o;
    const chunks: SealedChunk[] = [];
    for (const member of group) {
      const [destination, sequence] = member;
      const part = range.parts[destinations.indexOf(destination)];
      if (part === undefined) continue;
      const body = part.body.buffer.subarray(0, part.committed);
      const header = encodeHeader(headerOf(range, part, group, member, this.#o.clock.now()), body);
      const file = `${this.#layout.chunks(destination)}/${chunkName(sequence)}`;
      await fs.write(`${file}.tmp`, [header, body]);
      chunks.push({ destination, sequence, file, bytes: header.length + body.length, events: part.events });
    }
    for (const { file } of chunks) await fs.rename(`${file}.tmp`, file);
    for (const { destination } of chunks) await fs.syncDir(this.#layout.chunks(destination));
    return chunks;
  }

  /** The range is durable: from here on it counts. */
  #finish(range: OpenRange, chunks: readonly SealedChunk[], letters: readonly DeadLetter[]): void {
    const { ledger, gate, reporter } = this.#o;
    const last = chunks.at(-1);
    ledger.sealed({
      source: range.source,
      generation: range.generation,
      to: range.to,
      counts: range.counts,
      events: chunks.map(({ destination, events }) => [destination, events] as const),
      ...(last === undefined ? {} : { sequence: last.sequence }),
    });
    for (const { source, path, offset, reason, message } of letters) {
      reporter.report({ event: 'line_dead', source, path, offset, reason, message });
    }
    range.recycle();
    gate.grow(chunks.reduce((sum, { bytes }) => sum + bytes, 0));
    this.#o.sealed(chunks);
  }

  /** Somebody may have removed them while we ran. */
  async #makeFolders(): Promise<void> {
    await this.#o.fs.makeDir(this.#layout.dead);
    for (const destination of this.#o.destinations)
      await this.#o.fs.makeDir(this.#layout.chunks(destination));
  }
}

function headerOf(
  range: OpenRange,
  part: OpenPart,
  group: readonly GroupMember[],
  [destination, sequence]: GroupMember,
  now: number,
): ChunkHeader {
  return {
    sequence,
    destination,
    group,
    source: range.source,
    generation: identityOf(range.generation),
    from: range.from,
    to: range.to,
    counts: range.counts,
    events: part.events,
    line_offsets: part.lineOffsets,
    created: new Date(now).toISOString(),
    body_bytes: part.committed,
  };
}
