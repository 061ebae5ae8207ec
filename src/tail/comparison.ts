/**
 * Compares one file with the generations that begin alike: which of them it may be, as a copy or as what was read. One
 * that is open is compared with as far as both reach, as it or its copy may be growing; of any other what was read last
 * must stand in the file.
 */
import { isMarkedAt, type Evidence } from './agreement.ts';
import type { Content } from './content.ts';
import { Lookback } from './lookback.ts';
import type { Known } from './registry.ts';

/** A file that was opened to be compared. */
export interface Opened {
  readonly content: Content;
  readonly close: () => Promise<void>;
}

export class Comparison {
  readonly #open: () => Promise<Opened>;
  /** A file and what is known change little during a search. */
  readonly #results = new Map<Known, boolean>();

  /** @param open what is compared; rejects when the path names another file by now */
  constructor(open: () => Promise<Opened>) {
    this.#open = open;
  }

  /** Those that it agrees with, in their order. Rejects when a file cannot be read. */
  async agreeing(alike: readonly Known[]): Promise<Known[]> {
    if (alike.some((known) => !this.#results.has(known))) {
      const opened = await this.#open();
      try {
        await this.compare(opened.content, alike);
      } finally {
        await opened.close();
      }
    }
    return alike.filter((known) => this.#results.get(known));
  }

  /** The same at once, while it is open. */
  async compare(content: Content, alike: readonly Known[]): Promise<void> {
    const places: { known: Known; offset: number; agrees: () => Promise<boolean> }[] = [];
    const lookback = new Lookback(content);
    // Before the sizes of others: what is copied from one of them is never longer than that.
    const size = content.growing ? await sizeOf(content) : 0;
    for (const known of alike) {
      if (this.#results.has(known)) continue;
      const { content: other } = known;
      if (other !== undefined) {
        const offset = await sizeOf(other);
        places.push({
          known,
          offset,
          agrees: () => (size > offset ? Promise.resolve(false) : isSame(lookback, offset, other)),
        });
        continue;
      }
      const { offset, mark }: Evidence = (await evidenceOf(known)) ?? { offset: known.offset };
      if (mark === undefined) this.#results.set(known, !content.growing || size >= offset);
      else places.push({ known, offset, agrees: () => isMarkedAt(lookback, offset, mark) });
    }
    for (const { known, agrees } of places.toSorted((a, b) => a.offset - b.offset)) {
      this.#results.set(known, await agrees());
    }
  }
}

async function evidenceOf(known: Known): Promise<Evidence | undefined> {
  known.evidence ??= await known.whole?.();
  delete known.whole;
  return known.evidence;
}

async function isSame(lookback: Lookback, offset: number, other: Content): Promise<boolean> {
  const { end, bytes } = await lookback.before(offset);
  const there = Buffer.allocUnsafe(bytes.length);
  const count = await other.read(there, there.length, end - bytes.length);
  return there.subarray(0, count).equals(bytes);
}

const sizeOf = async (content: Content): Promise<number> => (await content.stat()).size;
