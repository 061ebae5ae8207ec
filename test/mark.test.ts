import { expect, it } from 'vitest';
import { isMarked, MARK_BYTES, markOf, Trail } from '../src/mark.ts';

const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 31) % 251));

it('a trail gives the same mark, however the bytes before an offset came', () => {
  const all = bytes(3 * MARK_BYTES);
  for (const step of [1, 7, 1000, MARK_BYTES - 1, MARK_BYTES, MARK_BYTES + 1, all.length]) {
    const trail = new Trail(0);
    for (let at = 0; at < all.length; at += step) {
      trail.follow(all.subarray(at, at + step), at, Math.min(at + step, all.length));
    }
    expect(trail.mark(), `step ${step}`).toEqual(markOf(all));
  }
});

it('a trail that starts within a log begins with what stands before', () => {
  const all = bytes(10_000);
  const trail = new Trail(5000, all.subarray(5000 - MARK_BYTES, 5000));
  trail.follow(all, 0, 6000);
  expect(trail.end).toBe(6000);
  expect(trail.mark()).toEqual(markOf(all.subarray(0, 6000)));
});

it('a mark is of the last bytes and, alone, of the last line', () => {
  const mark = markOf(Buffer.from('one\ntwo\n'))!;
  expect(mark.bytes).toBe(8);
  expect(mark.lineBytes).toBe(4);
  expect(mark.lineHash).toBe(markOf(Buffer.from('two\n'))?.hash);
  expect(isMarked(Buffer.from('more\none\ntwo\n'), mark)).toBe(true);
  expect(isMarked(Buffer.from('One\ntwo\n'), mark)).toBe(false);
  expect(isMarked(Buffer.from('two\n'), mark)).toBe(false);
});

it('of what does not join on nothing is kept, and of nothing there is no mark', () => {
  const trail = new Trail(4, Buffer.from('one\n'));
  trail.follow(Buffer.from('nine\n'), 32, 37);
  expect(trail.mark()).toEqual(markOf(Buffer.from('nine\n')));
  expect(new Trail(7).mark()).toBeUndefined();
});
