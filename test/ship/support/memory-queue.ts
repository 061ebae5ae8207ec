/** A spool in memory, with the contract of `DeliveryQueue` and faults on demand. */
import { CorruptChunkError } from '../../../src/errors.ts';
import type { DeadLetter, DeliveryQueue, LoadedChunk, SealedChunk, Settlement } from '../../../src/types.ts';

export class MemoryQueue implements DeliveryQueue {
  readonly settlements = new Map<number, Settlement>();
  readonly letters = new Map<string, DeadLetter>();
  /** Chunks that were to be restored, which cannot be done … */
  readonly quarantined: number[] = [];
  /** … but for those that these calls of `restore` were about: an error rejects. */
  readonly restorations: (true | Error)[] = [];
  /** Sizes of `take`'s answers that were not empty. */
  readonly taken: number[] = [];
  /** Calls of `load` that must fail first, with these. */
  readonly loadErrors: Error[] = [];
  readonly buryErrors: Error[] = [];
  loaded = 0;
  readonly #waiting: SealedChunk[] = [];
  readonly #contents = new Map<number, readonly string[]>();
  #sequence = 0;

  /** Seals a chunk of events, each given as JSON. */
  seal(events: readonly string[]): number {
    const sequence = ++this.#sequence;
    this.#contents.set(sequence, events);
    this.#waiting.push({
      destination: 'lago',
      sequence,
      file: `/spool/${sequence}.chunk`,
      bytes: events.join('\n').length,
      events: events.length,
      fingerprint: 'f'.repeat(32),
      from: 0,
      to: 1,
      checksum: 0,
    });
    return sequence;
  }

  take(limit: number): readonly SealedChunk[] {
    const chunks = this.#waiting.splice(0, limit);
    if (chunks.length > 0) this.taken.push(chunks.length);
    return chunks;
  }

  load(chunk: SealedChunk): Promise<LoadedChunk> {
    const error = this.loadErrors.shift();
    if (error !== undefined) return Promise.reject(error);
    this.loaded++;
    const events = this.#contents.get(chunk.sequence)!;
    const body = Buffer.from(events.map((event) => `${event}\n`).join(''));
    const starts = new Uint32Array(events.length + 1);
    for (const [index, event] of events.entries()) {
      starts[index + 1] = starts[index]! + Buffer.byteLength(event) + 1;
    }
    return Promise.resolve({
      chunk,
      source: 'access',
      generation: {
        dev: '1',
        ino: '2',
        fingerprint: 'f'.repeat(32),
        fingerprintBytes: 100,
        path: '/log/access.log',
      },
      body,
      starts,
      lineOffsets: Float64Array.from(
        events,
        (_event, index) => (chunk.sequence - 1) * 1_000_000 + index * 1000,
      ),
    });
  }

  restore(chunk: SealedChunk, cause: Error): Promise<boolean> {
    if (!(cause instanceof CorruptChunkError)) return Promise.reject(new Error('not corrupt'));
    const result = this.restorations.shift();
    if (result instanceof Error) return Promise.reject(result);
    if (result === undefined) this.quarantined.push(chunk.sequence);
    return Promise.resolve(result === true);
  }

  bury(letters: readonly DeadLetter[]): Promise<void> {
    const error = this.buryErrors.shift();
    if (error !== undefined) return Promise.reject(error);
    for (const letter of letters) this.letters.set(letter.id, letter);
    return Promise.resolve();
  }

  settled(chunk: SealedChunk, settlement: Settlement): void {
    if (this.settlements.has(chunk.sequence)) throw new Error(`chunk ${chunk.sequence} was settled twice`);
    this.settlements.set(chunk.sequence, { ...settlement });
  }
}

/** An event as the mapper writes it. */
export function event(
  id: string,
  subscription = 'sub',
  extra: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    transaction_id: id,
    external_subscription_id: subscription,
    code: 'calls',
    timestamp: '1755770000.123',
    ...extra,
  });
}

export function events(count: number, prefix = 't'): string[] {
  return Array.from({ length: count }, (_unused, index) => event(`${prefix}${index}`));
}
