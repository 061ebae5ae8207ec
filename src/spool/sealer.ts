/**
 * Makes ranges durable, one after the other: dead letters first, then the chunks of all destinations under
 * temporary names, then their real names. Only when the last name is durable does the range count, and only then
 * may any of its chunks be shipped; recovery throws away a group that is not complete (see new-seals.ts).
 * Every range that is not in the checkpoint thus has its chunks, and the ranges of a generation leave no gap. While one
 * range gets its names, the next one is written already.
 *
 * What fails (disk full, I/O error) is tried again until it works; meanwhile the gate is closed.
 */
import { crc32 } from 'node:zlib';
import type { KernelMemory } from '../kernel/memory.ts';
import type { Reporter } from '../observe/events.ts';
import type { Clock, Sampled, SealedChunk } from '../types.ts';
import { ChunkFile } from './chunk-file.ts';
import { encodeHeader, lineOffsetsOf, type GroupMember } from './chunk-format.ts';
import type { DeadLetterStore } from './dead-letters.ts';
import type { StateFolders } from './folders.ts';
import type { FreshChunks } from './fresh-chunks.ts';
import type { SpoolGate } from './gate.ts';
import { TEMPORARY, type StateLayout } from './layout.ts';
import { identityOf, type Ledger } from './ledger.ts';
import { LINES } from './letter-files.ts';
import type { LetterQuota } from './letter-quota.ts';
import { idOfFailure, lettersOf, mostLetterBytes } from './line-letters.ts';
import type { EventBuffer } from './event-buffer.ts';
import type { LetterClaim } from './letter-claims.ts';
import type { FailedLine, OpenRange } from './open-range.ts';
import { RepeatedIds } from './repeated-ids.ts';
import { IdWatch, type RangeIds } from './repeating-lines.ts';
import { sampledOf } from './sampled.ts';
import type { StateFs } from './state-fs.ts';

const RETRY_MS = 1000;

export interface SealerOptions {
  readonly fs: StateFs;
  readonly folders: StateFolders;
  /** Names by destination number. */
  readonly destinations: readonly string[];
  readonly memory: KernelMemory;
  readonly nextSequence: number;
  readonly letters: DeadLetterStore;
  readonly quota: LetterQuota;
  readonly ledger: Ledger;
  readonly gate: SpoolGate;
  readonly fresh: FreshChunks;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The path of the log that a file of a source belongs to. */
  readonly followed: (source: string, path: string) => string;
  /** Writes the checkpoint now. */
  readonly checkpoint: () => Promise<void>;
  /** The chunks of a finished seal, ready to be shipped. */
  readonly sealed: (chunks: readonly SealedChunk[]) => void;
}

interface NumberedPart {
  readonly destination: string;
  readonly sequence: number;
  readonly part: EventBuffer;
}

/** A chunk and the bytes of its file. */
interface NewChunk {
  readonly chunk: SealedChunk;
  readonly part: EventBuffer;
  readonly header: Buffer;
  readonly body: Buffer;
}

export class Sealer {
  readonly #o: SealerOptions;
  readonly #layout: StateLayout;
  readonly #ids: IdWatch;
  /** Pairs of logs that were told to share ids. */
  readonly #toldPairs = new Set<string>();
  /** By source: events whose subscription begins or ends with a space. */
  readonly padded = new Map<string, number>();
  readonly #ranges = new Set<OpenRange>();
  /** The same array each time: it would be the largest piece of garbage. */
  readonly #lineOffsets: number[] = [];
  #nextSequence: number;
  /** Works that are being tried again: one may succeed (a checkpoint on a full disk) while another still fails. */
  #failing = 0;
  #last: Promise<unknown> = Promise.resolve();
  #oneDone = Promise.withResolvers<void>();

  constructor(options: SealerOptions) {
    this.#o = options;
    this.#layout = options.folders.layout;
    this.#ids = new IdWatch(new RepeatedIds(options.memory, options.destinations.length), options.followed);
    this.#nextSequence = options.nextSequence;
  }

  /** Ranges handed over that do not count yet. */
  get ranges(): ReadonlySet<OpenRange> {
    return this.#ranges;
  }

  /** Resolves when the seal under way is done, if there is one. */
  oneDone(): Promise<void> {
    return this.#ranges.size === 0 ? Promise.resolve() : this.#oneDone.promise;
  }

  /** Resolves when everything handed over so far is durable, or given up because the daemon stops. */
  async drained(): Promise<void> {
    await this.#last;
  }

  /** Takes the range over. Ranges become durable in the order of these calls. */
  seal(range: OpenRange): void {
    this.#ranges.add(range);
    this.#last = this.#sealAfter(this.#last, range);
  }

  /** Runs `action` when all ranges handed over before are durable; not at all when the daemon stops before. */
  async afterwards(action: () => void): Promise<void> {
    this.#last = this.#last.then(() => (this.#o.signal.aborted ? undefined : action()));
    await this.#last;
  }

  /** Tries until `work` is done, with the gate closed while it fails; false when the daemon stops before. */
  async insist(work: () => Promise<void>): Promise<boolean> {
    const { gate, signal, clock } = this.#o;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await gate.checkDisk();
        await work();
        if (failures > 0 && --this.#failing === 0) gate.open('write_failed');
        return true;
      } catch (error) {
        if (failures === 0) this.#failing++;
        gate.close('write_failed', `cannot write to ${this.#layout.root}: ${(error as Error).message}`);
        await clock.sleep(RETRY_MS, signal);
        await this.#o.folders.ensure().catch(() => {});
      }
    }
    return false;
  }

  async #sealAfter(earlier: Promise<unknown>, range: OpenRange): Promise<void> {
    await this.#makeDurable(earlier, range);
    await earlier;
    this.#ranges.delete(range);
    range.recycle();
    this.#oneDone.resolve();
    this.#oneDone = Promise.withResolvers();
  }

  async #makeDurable(earlier: Promise<unknown>, range: OpenRange): Promise<void> {
    const { letters, quota, clock, checkpoint } = this.#o;
    const now = clock.now();
    const ids = this.#ids.look(range);
    range.counts.repeated = new Set([...ids.repeating, ...ids.shared].map(({ offset }) => offset)).size;
    const parts = this.#numbered(range);
    const { source, generation, from, to } = range;
    const claim = letters.claim({ kind: LINES, source, fingerprint: generation.fingerprint, from, to });
    // Whether a line has a letter is decided once, and becomes durable with the range.
    const { most, leftOut } = await this.#share(range, claim, now);
    const sampled = sampledOf(leftOut);
    const isLeftOut = new Set(leftOut);
    const kept =
      isLeftOut.size === 0 ? range.failures : range.failures.filter((line) => !isLeftOut.has(line));
    const chunks = this.#chunksOf(range, parts, sampled, now);
    const dead = lettersOf(range, kept, now);
    if (!(await this.insist(() => letters.append(dead, claim)))) return;
    quota.written(most);
    let isWritten = await this.insist(() => this.#write(chunks));
    await earlier;
    const isDurable = await this.insist(async () => {
      // What fails is written anew as a whole.
      if (!isWritten) await this.#write(chunks);
      isWritten = false;
      await this.#name(chunks);
    });
    if (!isDurable) return;
    letters.settled(claim);
    this.#count(range, chunks, sampled, ids);
    if (leftOut.length > 0) quota.leftOut(leftOut.length);
    // A range without an event has no chunk to tell of it after a crash: only the checkpoint can.
    if (chunks.length === 0) await this.insist(checkpoint);
  }

  /** The bytes that letters can take, and the failed lines for which the quota has no room. Those that an earlier run has written have their letter. */
  async #share(
    range: OpenRange,
    claim: LetterClaim,
    now: number,
  ): Promise<{ readonly most: number; readonly leftOut: readonly FailedLine[] }> {
    const { failures, generation } = range;
    if (failures.length === 0) return { most: 0, leftOut: [] };
    const { letters, quota } = this.#o;
    const isKnown = letters.knownOf(claim);
    const fresh =
      isKnown === undefined
        ? failures
        : failures.filter((line) => !isKnown(idOfFailure(generation.fingerprint, line)));
    const most = fresh.reduce((sum, line) => sum + mostLetterBytes(line), 0);
    const count = await quota.admit(fresh.length, most, () =>
      lettersOf(range, fresh, now).map((letter) => Buffer.byteLength(JSON.stringify(letter)) + 1),
    );
    return { most, leftOut: fresh.slice(count) };
  }

  /** Numbers the chunks of a range; destinations without an event have none. */
  #numbered(range: OpenRange): NumberedPart[] {
    return this.#o.destinations.flatMap((destination, number) => {
      const part = range.parts[number];
      if (part === undefined || part.events === 0) return [];
      return [{ destination, sequence: this.#nextSequence++, part }];
    });
  }

  #chunksOf(
    range: OpenRange,
    parts: readonly NumberedPart[],
    sampled: Sampled | undefined,
    now: number,
  ): NewChunk[] {
    const { decisiveLimits: limits } = range;
    const group = parts.map(({ destination, sequence }): GroupMember => [destination, sequence]);
    return parts.map(({ destination, sequence, part }) => {
      const { events, whole: body } = part;
      const checksum = crc32(body);
      const header = encodeHeader(
        {
          sequence,
          destination,
          group,
          source: range.source,
          generation: identityOf(range.generation),
          from: range.from,
          to: range.to,
          mark: range.mark,
          counts: range.counts,
          ...(limits !== undefined && { plausible: limits }),
          ...(sampled === undefined ? {} : { sampled }),
          events,
          created: new Date(now).toISOString(),
          body_bytes: body.length,
          line_offsets: lineOffsetsOf(part.lines, range.from, this.#lineOffsets),
        },
        checksum,
      );
      const { from, to, generation } = range;
      const name = {
        sequence,
        events,
        fingerprint: generation.fingerprint,
        from,
        to,
        checksum,
        ...(limits && { limits }),
      };
      const folder = { destination, path: this.#layout.chunks(destination) };
      return { chunk: new ChunkFile(folder, name, header.length + body.length), part, header, body };
    });
  }

  /** Makes the contents durable. */
  async #write(chunks: readonly NewChunk[]): Promise<void> {
    const { fs } = this.#o;
    await this.#orClear(chunks, async () => {
      for (const { chunk, header, body } of chunks) await fs.write(chunk.file + TEMPORARY, [header, body]);
    });
  }

  /** Makes the names durable. */
  async #name(chunks: readonly NewChunk[]): Promise<void> {
    const { fs } = this.#o;
    await this.#orClear(chunks, async () => {
      for (const { chunk } of chunks) await fs.rename(chunk.file + TEMPORARY, chunk.file);
      for (const { chunk } of chunks) await fs.syncDir(this.#layout.chunks(chunk.destination));
    });
  }

  /** When that fails: what could be written takes the space that settling other chunks may need now. */
  async #orClear(chunks: readonly NewChunk[], work: () => Promise<void>): Promise<void> {
    const { fs } = this.#o;
    try {
      await work();
    } catch (error) {
      for (const { chunk } of chunks) await fs.remove(chunk.file + TEMPORARY).catch(() => {});
      throw error;
    }
  }

  #tell({ source, generation: { path } }: OpenRange, { repeating, shared, padded }: RangeIds): void {
    const { reporter } = this.#o;
    for (const repeat of repeating) reporter.report({ event: 'repeated_id', source, path, ...repeat });
    for (const line of shared) {
      const pair = JSON.stringify([path, line.otherPath]);
      if (this.#toldPairs.has(pair)) continue;
      this.#toldPairs.add(pair);
      reporter.report({ event: 'shared_ids', source, path, ...line });
    }
    if (padded === undefined) return;
    this.padded.set(source, (this.padded.get(source) ?? 0) + padded.events);
    reporter.report({ event: 'padded_subscription', source, path, ...padded });
  }

  /** The range is durable: from here on it counts. */
  #count(range: OpenRange, made: readonly NewChunk[], sampled: Sampled | undefined, ids: RangeIds): void {
    const { ledger, gate, fresh, reporter } = this.#o;
    const chunks = made.map(({ chunk }) => chunk);
    const last = chunks.at(-1);
    ledger.sealed({
      source: range.source,
      generation: range.generation,
      from: range.from,
      to: range.to,
      mark: range.mark,
      counts: range.counts,
      ...(sampled === undefined ? {} : { sampled }),
      events: chunks.map(({ destination, events }) => [destination, events] as const),
      ...(last === undefined ? {} : { sequence: last.sequence }),
    });
    this.#ranges.delete(range);
    const { source, generation } = range;
    for (const hole of range.holes) {
      reporter.report({ event: 'hole_skipped', source, path: generation.path, ...hole });
    }
    for (const { offset, failure } of range.failures) {
      const { reason, message } = failure;
      reporter.report({ event: 'line_dead', source, path: generation.path, offset, reason, message });
    }
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
    gate.grow(bytes);
    gate.wrote(bytes);
    this.#tell(range, ids);
    for (const { chunk, part } of made) fresh.keep(chunk, range, part);
    this.#o.sealed(chunks);
  }
}
