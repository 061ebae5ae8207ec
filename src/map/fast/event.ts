/**
 * An event of one rule: text that is the same for all lines, encoded once, and holes between it.
 *
 *   {"transaction_id":" hole ","external_subscription_id":" hole ","code":"c","timestamp": hole ,"properties":{ … }}
 */
import { viewOf } from '../../bytes.ts';
import type { LineSink } from '../../types.ts';
import type { Hole } from './hole.ts';
import type { FastLine } from './line.ts';
import { SLACK } from './scan.ts';

/** Holes that together with some text make an id. */
export interface IdHoles {
  readonly first: number;
  /** One more than the last one. */
  readonly end: number;
  /** Bytes that the text between them leaves for the holes. */
  readonly maxBytes: number;
}

/** Collects the text and the holes of an event in their order. */
export class EventShape {
  readonly texts: string[] = [''];
  readonly holes: Hole[] = [];

  text(json: string): void {
    this.texts[this.texts.length - 1] += json;
  }

  hole(hole: Hole): void {
    this.holes.push(hole);
    this.texts.push('');
  }
}

export class EventWriter {
  readonly #holes: readonly Hole[];
  readonly #ids: readonly IdHoles[];
  /** All texts; text i is `[from[i], from[i + 1])`. */
  readonly #texts: DataView;
  readonly #from: Int32Array;

  constructor({ texts, holes }: EventShape, ids: readonly IdHoles[]) {
    this.#holes = holes;
    this.#ids = ids;
    const joined = Buffer.from(texts.join('') + ' '.repeat(SLACK));
    this.#texts = viewOf(joined);
    let end = 0;
    this.#from = Int32Array.from([0, ...texts.map((text) => (end += Buffer.byteLength(text)))]);
  }

  /** Writes the event of a line to `sink`; false when only the plain mapper knows what becomes of the line. */
  write(line: FastLine, sink: LineSink, destination: number): boolean {
    const holes = this.#holes;
    let bytes = this.#from[holes.length + 1]!;
    for (let i = 0; i < holes.length; i++) {
      const hole = holes[i]!;
      if (!hole.fill(line)) return false;
      bytes += hole.length;
    }
    if (!this.#hasIds()) return false;

    const writer = sink.writer(destination);
    writer.reserve(bytes + SLACK);
    const { view } = writer;
    const texts = this.#texts;
    const from = this.#from;
    let at = writer.length;
    for (let i = 0; i < holes.length; i++) {
      const hole = holes[i]!;
      at = copy(texts, from[i]!, from[i + 1]!, view, at);
      at = copy(hole.view, hole.start, hole.start + hole.length, view, at);
    }
    writer.length = copy(texts, from[holes.length]!, from[holes.length + 1]!, view, at);
    sink.event(destination);
    return true;
  }

  /** False when an id is perhaps empty or too long. */
  #hasIds(): boolean {
    const ids = this.#ids;
    for (let i = 0; i < ids.length; i++) {
      const { first, end, maxBytes } = ids[i]!;
      let bytes = 0;
      let blank = true;
      for (let j = first; j < end; j++) {
        const hole = this.#holes[j]!;
        bytes += hole.length;
        if (!hole.blank) blank = false;
      }
      if (blank || bytes > maxBytes) return false;
    }
    return true;
  }
}

/**
 * Copies `source[start, end)` to `target` at `at`, four bytes at a time; returns where it ends. Reads and overwrites up
 * to three bytes more. For texts of some ten bytes, that is faster than any call of a built-in.
 */
function copy(source: DataView, start: number, end: number, target: DataView, at: number): number {
  for (let from = start, to = at; from < end; from += 4, to += 4) {
    target.setInt32(to, source.getInt32(from, true), true);
  }
  return at + end - start;
}
