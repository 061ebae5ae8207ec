/** The vocabulary of reading a part of a log once more: what the spool asks for, and the tail finds. */
import type { Generation } from './types.ts';

/** A part of a log: bytes [from, to) of a generation. */
export interface LogRange {
  readonly fingerprint: string;
  readonly from: number;
  readonly to: number;
}

/** Takes the lines of a range that is read once more. All calls are synchronous. */
export interface RangeVisitor {
  /** A log that may hold the range: its lines follow. What came before was of another one, and does not count. */
  begin(source: string, generation: Generation): void;
  /** Whole lines; the last one of the range may lack its newline. Valid during the call. */
  lines(bytes: Buffer, offset: number): void;
  oversize(offset: number): void;
  /** The whole range was delivered. False: it is not what was sought, and another log may be. */
  isRight(): boolean;
}

/** Reads parts of logs once more, wherever rotation has put them. */
export interface LogRanges {
  /**
   * Delivers the range from each log that may hold it, until one is right; resolves to its path, or to undefined when
   * none is. Rejects when that cannot be told for now: something there could not be read.
   */
  read(range: LogRange, visitor: RangeVisitor): Promise<string | undefined>;
}
