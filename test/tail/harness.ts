/** What the tests of the tailer share: a folder, a consumer that records, and a tailer over both. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { TelemetryEvent } from '../../src/observe/events.ts';
import type { TailSource } from '../../src/tail/setup.ts';
import { Tailer, type TailerOptions } from '../../src/tail/tailer.ts';
import type {
  Generation,
  GenerationPosition,
  LineBlock,
  LineConsumer,
  OversizeLine,
} from '../../src/types.ts';

/** One delivered line. */
export interface Line {
  readonly source: string;
  readonly fingerprint: string;
  readonly offset: number;
  readonly text: string;
  readonly unterminated: boolean;
}

export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tailmeter-tail-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const keyOf = ({ fingerprint, dev, ino }: Generation): string => `${fingerprint}/${dev}/${ino}`;

/** Splits what it gets into lines, and keeps positions as the daemon's state does. */
export class Recorder implements LineConsumer {
  readonly lines_: Line[] = [];
  readonly oversized: OversizeLine[] = [];
  readonly events: TelemetryEvent[] = [];
  readonly #positions = new Map<string, Map<string, GenerationPosition>>();
  readonly #waiting = new Set<() => void>();

  /** Starts with the positions of an earlier life. */
  recall(positions: ReadonlyMap<string, readonly GenerationPosition[]>): void {
    for (const [source, known] of positions) {
      for (const position of known) this.#of(source).set(keyOf(position), position);
    }
  }

  started(source: string, generation: Generation, offset: number): void {
    const positions = this.#of(source);
    const key = keyOf(generation);
    if (!positions.has(key)) positions.set(key, { ...generation, offset, ended: false });
    this.#changed();
  }

  lines({ source, generation, offset, bytes, unterminated }: LineBlock): void {
    this.#advance(source, generation, offset, offset + bytes.length);
    for (let start = 0; start < bytes.length;) {
      const newline = bytes.indexOf(10, start);
      const end = newline < 0 ? bytes.length : newline;
      const text = bytes.toString('latin1', start, end);
      this.lines_.push({
        source,
        fingerprint: generation.fingerprint,
        offset: offset + start,
        text,
        unterminated,
      });
      start = end + 1;
    }
    if (!unterminated && bytes.at(-1) !== 10) throw new Error('a block ends within a line');
    this.#changed();
  }

  oversize(line: OversizeLine): void {
    this.#advance(line.source, line.generation, line.offset, line.nextOffset);
    this.oversized.push({ ...line, head: Buffer.from(line.head) });
    this.#changed();
  }

  ended(source: string, generation: Generation, offset: number): void {
    this.#of(source).set(keyOf(generation), { ...generation, offset, ended: true });
    this.#changed();
  }

  report(event: TelemetryEvent): void {
    this.events.push(event);
    this.#changed();
  }

  /** Positions as they would stand in the state, oldest first. */
  positions(): Map<string, GenerationPosition[]> {
    return new Map([...this.#positions].map(([source, known]) => [source, [...known.values()]]));
  }

  get texts(): string[] {
    return this.lines_.map(({ text }) => text);
  }

  reported<E extends TelemetryEvent['event']>(event: E): Extract<TelemetryEvent, { event: E }>[] {
    return this.events.filter(
      (candidate): candidate is Extract<TelemetryEvent, { event: E }> => candidate.event === event,
    );
  }

  /** Resolves once it holds; checked whenever something was delivered or reported. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #advance(source: string, generation: Generation, from: number, to: number): void {
    const positions = this.#of(source);
    const known = positions.get(keyOf(generation));
    if (known === undefined) throw new Error('lines of a generation that was not started');
    // Truncated in place, and begun with the same line: one identity, two lives, of which the first has ended.
    if (known.offset !== from && !known.ended) throw new Error(`lines at ${from} do not follow on ${known.offset}`);
    positions.set(keyOf(generation), { ...generation, offset: to, ended: known.ended });
  }

  #of(source: string): Map<string, GenerationPosition> {
    let positions = this.#positions.get(source);
    if (positions === undefined) this.#positions.set(source, (positions = new Map()));
    return positions;
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

export const sourceOf = (source: string, more: Partial<TailSource> = {}): TailSource => ({
  path: source,
  start_at: 'beginning',
  max_line_bytes: 1024 * 1024,
  rotate_wait: 0.05,
  ...more,
});

/** Starts a tailer that is stopped with the test. */
export async function tail(
  recorder: Recorder,
  sources: readonly TailSource[],
  more: Partial<TailerOptions> = {},
): Promise<Tailer> {
  const tailer = new Tailer({
    sources,
    positions: new Map(),
    consumer: recorder,
    reporter: recorder,
    pollMs: 20,
    ...more,
  });
  onTestFinished(() => tailer.stop());
  await tailer.start();
  return tailer;
}
