/** Reads the range of a generation that the books account for once more, and maps it as the daemon did. */
import type { SourceConfig } from '../config/types.ts';
import { noLines } from '../spool/counts.ts';
import { lineLetterId } from '../spool/line-letters.ts';
import { NO_LIMITS, type TimeLimits } from '../time-limits.ts';
import { readFinished } from '../tail/finished.ts';
import { ByteWriter } from '../bytes.ts';
import type {
  Generation,
  GenerationAccount,
  LineConsumer,
  LineFailure,
  LineMapper,
  LineSink,
  SourceCounts,
} from '../types.ts';

const NEWLINE = 0x0a;

/** Takes what a range gives. */
export interface RereadVisitor {
  /** One event as JSON; the bytes are only valid during the call. */
  event?(destination: number, json: Buffer): void;
  /** A failure of a line, by the id that its dead letter has, and the offset of the line. */
  letter?(id: string, offset: number): void;
}

/** By offset of a line: the times that were plausible when it was found to have none of them. */
export type DecidedLimits = ReadonlyMap<number, TimeLimits>;

export interface Reread {
  readonly counts: SourceCounts;
  /** Where reading ended: the account's offset unless the file is shorter than that. */
  readonly reached: number;
}

/**
 * Which times are plausible is not asked again: it was decided when a line was read first.
 * @param path A file that holds the generation of `account`, perhaps packed.
 * @throws LogReadError when it cannot be read to the end of the range
 */
export async function reread(
  path: string,
  { path: source, max_line_bytes: maxLineBytes }: SourceConfig,
  account: GenerationAccount,
  mapper: LineMapper,
  visitor: RereadVisitor,
  decided: DecidedLimits,
): Promise<Reread> {
  const range = new RereadRange(account, mapper, visitor, decided);
  const { signal } = range.done;
  await readFinished([path], {
    source,
    maxLineBytes,
    signal,
    consumer: range,
    resume: (generation) => ({
      generation,
      offset: generation.fingerprint === account.fingerprint ? account.start : 0,
    }),
  });
  return { counts: range.counts, reached: range.reached };
}

class RereadRange implements LineConsumer, LineSink {
  readonly counts = noLines();
  readonly done = new AbortController();
  reached: number;
  readonly #account: GenerationAccount;
  readonly #mapper: LineMapper;
  readonly #visitor: RereadVisitor;
  readonly #decided: DecidedLimits;
  limits = NO_LIMITS;
  readonly #event = new ByteWriter(4096);
  #line: Buffer = Buffer.alloc(0);
  #offset = 0;

  constructor(
    account: GenerationAccount,
    mapper: LineMapper,
    visitor: RereadVisitor,
    decided: DecidedLimits,
  ) {
    this.#decided = decided;
    this.#account = account;
    this.#mapper = mapper;
    this.#visitor = visitor;
    this.reached = account.start;
  }

  lines({ generation, offset, bytes }: { generation: Generation; offset: number; bytes: Buffer }): void {
    if (!this.#isOurs(generation)) return;
    // The range may end in the middle of a line that was taken for the last one, and went on later.
    const length = Math.min(bytes.length, this.#account.offset - offset);
    for (let start = 0; start < length;) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline < 0 || newline >= length ? length : newline;
      this.#line = bytes.subarray(start, end);
      this.#offset = offset + start;
      this.limits = this.#decided.get(this.#offset) ?? NO_LIMITS;
      const outcome = this.#mapper.map(bytes, start, end, { generation, offset: this.#offset }, this);
      this.counts.lines++;
      this.counts[outcome]++;
      start = end + 1;
    }
    this.#reach(offset + length);
  }

  oversize(line: { generation: Generation; offset: number; head: Buffer; nextOffset: number }): void {
    if (!this.#isOurs(line.generation) || line.offset >= this.#account.offset) return;
    this.#line = line.head;
    this.#offset = line.offset;
    this.dead({ reason: 'line_too_long', message: '' });
    this.counts.lines++;
    this.counts.dead++;
    this.#reach(Math.min(line.nextOffset, this.#account.offset));
  }

  ended(): void {
    // Whether all of the range was there shows in `reached`.
  }

  writer(): ByteWriter {
    this.#event.length = 0;
    return this.#event;
  }

  event(destination: number): void {
    this.#visitor.event?.(destination, this.#event.written());
  }

  dead({ reason, rule }: LineFailure): void {
    const { fingerprint } = this.#account;
    const id = lineLetterId(fingerprint, this.#offset, this.#line, rule, reason === 'line_too_long');
    this.#visitor.letter?.(id, this.#offset);
  }

  /** An archive may hold other logs, too. */
  #isOurs({ fingerprint, fingerprintBytes }: Generation): boolean {
    return fingerprint === this.#account.fingerprint && fingerprintBytes === this.#account.fingerprintBytes;
  }

  #reach(offset: number): void {
    this.reached = Math.max(this.reached, offset);
    if (this.reached >= this.#account.offset) this.done.abort();
  }
}
