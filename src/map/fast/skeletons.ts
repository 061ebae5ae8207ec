/** The skeletons that a log has shown lately: few, because a log mostly has few shapes, and each is tried in turn. */
import type { Address } from '../../kernel/kernel.ts';
import type { FastLine } from './line.ts';
import { SkeletonRoom } from './skeleton.ts';
import type { WantedNode } from './wanted.ts';

const KEPT = 4;
/** Of lines that have more keys and text than fit, none is kept. */
const ROOM_BYTES = 16 * 1024;
/** Of all of them. */
export const SKELETONS_BYTES = KEPT * ROOM_BYTES;
/** Learning costs as much as some lines: no more often than once in so many lines, but at once at the beginning. */
const LINES_PER_LESSON = 32;

export class Skeletons {
  readonly #root: WantedNode;
  readonly #unread: number;
  /** The one that fitted last comes first. */
  readonly #known: SkeletonRoom[] = [];
  #spare: SkeletonRoom[];
  /** Lines that fitted none since the last lesson, up to what the first lessons take. */
  #credit = KEPT * LINES_PER_LESSON;

  /**
   * @param unread A slot that nobody reads
   * @throws OutOfMemoryError
   */
  constructor({ memory }: FastLine, root: WantedNode, unread: number) {
    this.#root = root;
    this.#unread = unread;
    this.#spare = Array.from({ length: KEPT }, () => new SkeletonRoom(memory, ROOM_BYTES));
  }

  /** The one that fitted last; 0 when there is none. */
  get latest(): Address {
    return this.#known[0]?.record ?? 0;
  }

  /** Reads the line at `start` if it fits one; gives the position of its newline, or 0. */
  fit({ memory, table }: FastLine, start: Address): Address {
    const known = this.#known;
    for (let i = 0; i < known.length; i++) {
      const skeleton = known[i]!;
      const end = memory.kernel.fit(table, skeleton.record, start);
      if (end === 0) continue;
      if (i > 0) {
        known.copyWithin(1, 0, i);
        known[0] = skeleton;
      }
      return end;
    }
    return 0;
  }

  /** Learns from the line at `start`, which fitted none and has just been scanned. */
  learn(start: Address): void {
    this.#credit = Math.min(this.#credit + 1, KEPT * LINES_PER_LESSON);
    if (this.#credit < LINES_PER_LESSON) return;
    this.#credit -= LINES_PER_LESSON;
    const room = this.#spare.pop() ?? this.#known.pop()!;
    if (room.learn(start, this.#root, this.#unread)) this.#known.unshift(room);
    else this.#spare.push(room);
  }
}
