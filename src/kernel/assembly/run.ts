/**
 * Runs: lines that all have the skeleton of the one before, and give one event each, to the same chunk. That is what a log
 * mostly consists of, and it needs no word from outside.
 *
 *   job    table  skeleton  time  event          what `fit`, `time`, `fill` take
 *          body  its size  starts  lines         of the chunk: see `src/spool/event-buffer.ts`
 *          events  most events  –  –             how many it has, and may have
 *          offset (64 bits)                      of the first line in the log
 *          earliest  latest (64 bits each)       Unix ms, of the times that are plausible; none is negative
 */
import { NEWLINE, SLACK } from './bytes';
import { fill, write } from './event';
import { fit } from './skeleton';
import { hasHigh } from './slots';
import { time } from './time';

/** Maps the lines in [first, end); returns where the first one begins that was not. Counts up the events of the job. */
export function run(job: usize, first: usize, end: usize): usize {
  const table: usize = load<u32>(job);
  const skeleton: usize = load<u32>(job, 4);
  const timeOf: usize = load<u32>(job, 8);
  const event: usize = load<u32>(job, 12);
  const body: usize = load<u32>(job, 16);
  const room = load<i32>(job, 20) - SLACK;
  const starts: usize = load<u32>(job, 24);
  const lines: usize = load<u32>(job, 28);
  const most = load<i32>(job, 36);
  const offset = load<f64>(job, 48);
  const earliest = load<f64>(job, 56);
  const latest = load<f64>(job, 64);
  let events = load<i32>(job, 32);
  let at = load<i32>(starts + (events << 2));
  let line = first;
  while (line < end && events < most) {
    const newline = fit(table, skeleton, line);
    if (newline == 0 || hasHigh()) break;
    // What takes more to tell is negative.
    const when = time(timeOf);
    if (when < earliest || when > latest) break;
    const bytes = fill(event, 0);
    if (bytes < 0 || at + bytes > room) break;
    write(event, body + at);
    at += bytes;
    store<u8>(body + at, NEWLINE);
    at++;
    store<f64>(lines + (events << 3), offset + f64(line - first));
    events++;
    store<i32>(starts + (events << 2), at);
    line = newline + 1;
  }
  store<i32>(job, events, 32);
  return line;
}
