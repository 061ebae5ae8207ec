import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader, ReadBuffer, type LineContent, type Piece } from '../../src/tail/line-reader.ts';

/** Content that grows while it is read, and that holds only what may be asked for again. */
class Growing implements LineContent {
  bytes: Buffer = Buffer.alloc(0);
  #floor = 0;

  append(text: string): void {
    this.bytes = Buffer.concat([this.bytes, Buffer.from(text)]);
  }

  read(into: Buffer, length: number, position: number): Promise<number> {
    if (position < this.#floor) throw new Error(`byte ${position} was forgotten`);
    return Promise.resolve(this.bytes.copy(into, 0, position, position + length));
  }

  forget(position: number): void {
    this.#floor = Math.max(this.#floor, position);
  }
}

/** Content that is all there. */
class Whole extends Growing {
  constructor(text: string) {
    super();
    this.append(text);
  }
}

/** Two places, one before the other. */
function pick(ends: readonly number[], [a = 0, b = 1]: readonly number[]): [number, number] {
  const [first, second] = [ends[a % ends.length] ?? 0, ends[b % ends.length] ?? 0];
  return [Math.min(first, second), Math.max(first, second)];
}

interface Seen {
  offset: number;
  text: string;
  length: number;
}

/** Reads to the present end, and takes the lines of each piece apart. */
async function drain(reader: LineReader, seen: Seen[], final = false, ends: number[] = []): Promise<void> {
  const take = (piece: Piece): void => {
    if (piece.oversize) {
      const text = `!${piece.head.toString()}`;
      seen.push({ offset: piece.offset, text, length: piece.length });
    } else {
      let { offset } = piece;
      for (const text of piece.bytes.toString().split('\n')) {
        if (offset < piece.end) seen.push({ offset, text, length: text.length });
        offset += text.length + 1;
      }
    }
    reader.accept(piece);
    ends.push(piece.end);
  };
  for (;;) {
    const piece = (await reader.next()) ?? (final ? await reader.rest() : undefined);
    if (piece === undefined) break;
    if (piece !== 'scanned') take(piece);
    if (piece === 'scanned' && reader.scanned === reader.offset) throw new Error('no progress');
  }
}

/** What lines are, by the definition: a hole ends one, and one that is too long with the hole before it begins behind. */
function linesOf(text: string, max: number): Seen[] {
  const seen: Seen[] = [];
  const add = (offset: number, line: string): void => {
    const isTooLong = line.length > max;
    seen.push({ offset, text: isTooLong ? `!${line.slice(0, 64 * 1024)}` : line, length: line.length });
  };
  const take = (offset: number, line: string, terminated: boolean): void => {
    const [whole = '', nuls = ''] = /^(\0*)[^\0]*/.exec(line) ?? [];
    const bare = whole.length > max ? whole.slice(nuls.length) : whole;
    const rest = line.slice(whole.length);
    if (bare !== '' || (terminated && rest === '')) add(offset + whole.length - bare.length, bare);
    if (rest !== '') take(offset + whole.length, rest, terminated);
  };
  const lines = text.split('\n');
  let offset = 0;
  for (const [index, line] of lines.entries()) {
    take(offset, line, index < lines.length - 1);
    offset += line.length + 1;
  }
  return seen;
}

describe('reading lines', () => {
  it('gives the same lines however they arrive, and no line longer than the limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.oneof(fc.nat(12), fc.nat(3000)), fc.oneof(fc.constant(0), fc.nat(9), fc.nat(3000))),
          {
            maxLength: 40,
          },
        ),
        fc.integer({ min: 1, max: 2000 }),
        fc.array(fc.nat(4000), { maxLength: 20 }),
        fc.boolean(),
        async (lengths, max, cuts, terminated) => {
          // Some with a hole: before them, or in the middle.
          const lines = lengths.map(([length, nuls], index) => {
            const text = String(index % 10).repeat(length);
            const at = index % 3 === 0 ? 0 : length >> 1;
            return `${text.slice(0, at)}${'\0'.repeat(nuls)}${text.slice(at)}`;
          });
          const text = lines.join('\n') + (terminated && lines.length > 0 ? '\n' : '');
          const content = new Growing();
          const reader = new LineReader(content, 0, max, new ReadBuffer());
          const seen: Seen[] = [];
          let at = 0;
          for (const cut of cuts) {
            content.append(text.slice(at, at + cut));
            at += cut;
            await drain(reader, seen);
          }
          content.append(text.slice(at));
          await drain(reader, seen, true);
          expect(seen).toEqual(linesOf(text, max));
          // And wherever a reader begins and ends that reads a part of them once more.
          const ends: number[] = [];
          await drain(new LineReader(new Whole(text), 0, max, new ReadBuffer()), [], true, ends);
          const [from = 0, to = 0] = ends.length < 2 ? [] : pick(ends, cuts);
          const part: Seen[] = [];
          const again = new LineReader(new Whole(text.slice(0, to)), from, max, new ReadBuffer());
          await drain(again, part, true);
          expect(part).toEqual(seen.filter(({ offset }) => offset >= from && offset < to));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('delivers a line of exactly the limit, and not one that is a byte longer', async () => {
    const content = new Growing();
    content.append(`${'a'.repeat(10)}\n${'b'.repeat(11)}\nc\n`);
    const seen: Seen[] = [];
    await drain(new LineReader(content, 0, 10, new ReadBuffer()), seen);
    expect(seen.map(({ text }) => text)).toEqual(['a'.repeat(10), `!${'b'.repeat(11)}`, 'c']);
  });

  it('delivers a line that is longer than its reads when the limit allows it', async () => {
    const content = new Growing();
    const long = 'x'.repeat(3_000_000);
    content.append(`short\n${long}\nlast\n`);
    const seen: Seen[] = [];
    await drain(new LineReader(content, 0, 4_000_000, new ReadBuffer()), seen);
    expect(seen.map(({ length }) => length)).toEqual([5, 3_000_000, 4]);
  });

  it('that has thousands of holes is read in reads that are not all large', async () => {
    const torn = 'a\0'.repeat(2000);
    const content = new Whole(`${torn}\n${'b\n'.repeat(300_000)}`);
    let read = 0;
    const reading = content.read.bind(content);
    content.read = async (...args) => {
      const count = await reading(...args);
      read += count;
      return count;
    };
    const seen: Seen[] = [];
    await drain(new LineReader(content, 0, 10_000, new ReadBuffer()), seen);
    expect(seen).toHaveLength(2001 + 300_000);
    expect(read).toBeLessThan(2000 * 10 * 1024);
  });

  it('gives a piece again until it is accepted', async () => {
    const content = new Growing();
    content.append('one\n');
    const reader = new LineReader(content, 0, 10, new ReadBuffer());
    const first = await reader.next();
    const second = await reader.next();
    expect(second).toEqual(first);
    expect(reader.offset).toBe(0);
  });
});
