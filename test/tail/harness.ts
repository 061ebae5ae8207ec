/** What the tests of the tailer share: a folder, a consumer that records, and a tailer over both. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { generationKey as keyOf } from '../../src/generation-key.ts';
import { Trail } from '../../src/mark.ts';
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

type Call = 'started' | 'lines' | 'oversize' | 'ended';

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

/** Splits what it gets into lines, and keeps positions as the daemon's state does. */
export class Recorder implements LineConsumer {
  readonly lines_: Line[] = [];
  readonly oversized: OversizeLine[] = [];
  readonly events: TelemetryEvent[] = [];
  /** Asked before each call: what it throws or rejects with is a refusal; its promise is awaited before the call counts. */
  gate:
    | ((call: 'started' | 'lines' | 'oversize' | 'ended', block?: LineBlock) => void | Promise<void>)
    | undefined;
  readonly #positions = new Map<string, Map<string, GenerationPosition>>();
  readonly #trails = new Map<string, Trail>();
  readonly #waiting = new Set<() => void>();

  /** Starts with the positions of an earlier life. */
  recall(positions: ReadonlyMap<string, readonly GenerationPosition[]>): void {
    for (const [source, known] of positions) {
      for (const position of known) this.#of(source).set(keyOf(position), position);
    }
  }

  started(source: string, generation: Generation, offset: number, before?: Buffer): void | Promise<void> {
    const trail = new Trail(offset, before);
    return this.#through('started', undefined, () => {
      const positions = this.#of(source);
      const key = keyOf(generation);
      this.#trails.set(`${source} ${key}`, trail);
      if (!positions.has(key)) positions.set(key, { ...generation, offset, ...marked(trail), ended: false });
    });
  }

  lines(block: LineBlock): void | Promise<void> {
    return this.#through('lines', block, () => this.#take(block));
  }

  oversize(line: OversizeLine): void | Promise<void> {
    return this.#through('oversize', undefined, () => {
      this.#advance(line, line.nextOffset, line.tail);
      this.oversized.push({ ...line, head: Buffer.from(line.head) });
    });
  }

  ended(source: string, generation: Generation, offset: number): void | Promise<void> {
    return this.#through('ended', undefined, () => {
      const known = this.#of(source).get(keyOf(generation));
      const { mark } = known?.offset === offset ? known : {};
      const marked = mark === undefined ? {} : { mark };
      this.#of(source).set(keyOf(generation), { ...generation, offset, ...marked, ended: true });
    });
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

  #through(call: Call, block: LineBlock | undefined, record: () => void): void | Promise<void> {
    const settle = (): void => {
      record();
      this.#changed();
    };
    const waiting = this.gate?.(call, block);
    return waiting === undefined ? settle() : waiting.then(settle);
  }

  #take(block: LineBlock): void {
    const { source, generation, offset, bytes, unterminated } = block;
    const { fingerprint } = generation;
    if (!unterminated && bytes.at(-1) !== 10) throw new Error('a block ends within a line');
    this.#advance(block, offset + bytes.length, bytes);
    for (let start = 0; start < bytes.length;) {
      const newline = bytes.indexOf(10, start);
      const end = newline < 0 ? bytes.length : newline;
      const text = bytes.toString('latin1', start, end);
      this.lines_.push({ source, fingerprint, offset: offset + start, text, unterminated });
      start = end + 1;
    }
  }

  #advance(
    { source, generation, offset, hole = 0 }: LineBlock | OversizeLine,
    to: number,
    last: Buffer,
  ): void {
    const from = offset - hole;
    const positions = this.#of(source);
    const known = positions.get(keyOf(generation));
    if (known === undefined) throw new Error('lines of a generation that was not started');
    // Truncated in place, and begun with the same line: one identity, two lives, of which the first has ended.
    if (known.offset !== from && !known.ended)
      throw new Error(`lines at ${from} do not follow on ${known.offset}`);
    const trail = this.#trails.get(`${source} ${keyOf(generation)}`)!;
    if (hole > 0) trail.skip(offset);
    trail.follow(last, to - last.length, to);
    positions.set(keyOf(generation), { ...generation, offset: to, ...marked(trail), ended: known.ended });
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

function marked(trail: Trail): Pick<GenerationPosition, 'mark'> {
  const mark = trail.mark();
  return mark === undefined ? {} : { mark };
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
