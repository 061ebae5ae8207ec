/** The skeletons that a log has shown lately: few, because a log mostly has few shapes, and each is tried in turn. */
import type { Scanner } from './scan.ts';
import { learnSkeleton } from './skeleton.ts';
import type { Skeleton } from './skeleton.ts';
import type { WantedNode } from './wanted.ts';

const KEPT = 4;
/** Learning costs as much as some lines: no more often than once in so many lines, but at once at the beginning. */
const LINES_PER_LESSON = 32;

export class Skeletons {
  readonly #root: WantedNode;
  readonly #unread: number;
  /** The one that fitted last comes first. */
  readonly #known: Skeleton[] = [];
  /** Lines that fitted none since the last lesson, up to what the first lessons take. */
  #credit = KEPT * LINES_PER_LESSON;

  /** @param unread A slot that nobody reads */
  constructor(root: WantedNode, unread: number) {
    this.#root = root;
    this.#unread = unread;
  }

  /** True when the line that `scanner` has begun at `start` fits one; its values are noted then. */
  fit(scanner: Scanner, start: number): boolean {
    const known = this.#known;
    for (let i = 0; i < known.length; i++) {
      const skeleton = known[i]!;
      if (skeleton.fits(scanner, start)) {
        if (i > 0) {
          known.copyWithin(1, 0, i);
          known[0] = skeleton;
        }
        return true;
      }
      scanner.reset();
    }
    return false;
  }

  /** Learns from a line that fitted none and that `scanner` has understood. */
  learn(scanner: Scanner, start: number): void {
    this.#credit = Math.min(this.#credit + 1, KEPT * LINES_PER_LESSON);
    if (this.#credit < LINES_PER_LESSON) return;
    this.#credit -= LINES_PER_LESSON;
    const skeleton = learnSkeleton(scanner, start, this.#root, this.#unread);
    if (skeleton === undefined) return;
    this.#known.length = Math.min(this.#known.length, KEPT - 1);
    this.#known.unshift(skeleton);
  }
}
