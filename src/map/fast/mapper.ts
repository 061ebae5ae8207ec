/**
 * The fast way from a line to its events. In steps, each slower and more able than the one before:
 *
 *   skeleton   the line has the keys of an earlier one in the same order: only its values are read
 *   scan       all bytes are read; the line gives a skeleton for the next ones
 *   parse      JSON.parse and the plain mapper: for lines that are not quite JSON, for dead letters, and for whatever
 *              else the fast rules leave to it
 *
 * Whatever the step, what comes out is what the plain mapper gives (`test/property/fast-path.test.ts`).
 */
import { isUtf8 } from 'node:buffer';
import { lineEnd } from '../../bytes.ts';
import type { Address } from '../../kernel/kernel.ts';
import type { KernelMemory } from '../../kernel/memory.ts';
import { ParseFailure } from '../../parse/failure.ts';
import type {
  LineMapper,
  LineOutcome,
  LinePlace,
  LineSink,
  PathCounts,
  Repairs,
  RunSink,
} from '../../types.ts';
import type { IdSalt } from '../id-salt.ts';
import { MappedLine } from '../line.ts';
import { applyRule, worthier } from '../plain-mapper.ts';
import type { PlainMapper, RoutedRule } from '../plain-mapper.ts';
import { FastLine } from './line.ts';
import type { FastRule } from './rule.ts';
import { Runs } from './run.ts';
import { Skeletons } from './skeletons.ts';
import type { WantedFields } from './wanted.ts';

/** A rule in both forms; only in the plain one when it takes more than the fast one can do. */
export interface TwofoldRule extends RoutedRule {
  readonly fast: FastRule | undefined;
}

export class FastMapper implements LineMapper {
  readonly repairs: Repairs;
  readonly paths: PathCounts;
  readonly #plain: PlainMapper;
  readonly #rules: readonly TwofoldRule[];
  readonly #firstOnly: boolean;
  /** The tree of what is wanted. */
  readonly #root: Address;
  readonly #line: FastLine;
  readonly #skeletons: Skeletons;
  /** The line that is being mapped, for rules that want it parsed. */
  readonly #parsed: MappedLine;
  #isParsed = false;
  readonly #runs: Runs | undefined;

  /**
   * @param wanted all that the fast rules look at
   * @throws OutOfMemoryError
   */
  constructor(
    memory: KernelMemory,
    plain: PlainMapper,
    rules: readonly TwofoldRule[],
    match: 'all' | 'first',
    wanted: WantedFields,
    salt: IdSalt | undefined,
  ) {
    this.#parsed = new MappedLine(salt);
    this.repairs = plain.repairs;
    this.paths = plain.paths;
    this.#plain = plain;
    this.#rules = rules;
    this.#firstOnly = match === 'first';
    this.#root = wanted.root.writeTo(memory);
    // One slot more, for what nobody wants.
    this.#line = new FastLine(memory, wanted.slots + 1, salt);
    this.#skeletons = new Skeletons(this.#line, wanted.root, wanted.slots);
    const [only, ...more] = rules;
    if (only?.fast !== undefined && more.length === 0) {
      this.#runs = Runs.of(only.fast, only.destination, this.#line, this.#skeletons);
    }
  }

  mapRun(bytes: Buffer, start: number, offset: number, sink: RunSink, mostEvents: number): number {
    const run = this.#runs?.map(bytes, start, offset, sink, mostEvents);
    if (run === undefined) return start;
    this.paths.skeleton += run.lines;
    return run.next;
  }

  lineEnd(bytes: Buffer, start: number): number {
    return this.#line.endOf(bytes, start) ?? lineEnd(bytes, start);
  }

  map(bytes: Buffer, start: number, end: number, place: LinePlace, sink: LineSink): LineOutcome {
    const path = this.#read(bytes, start, end, place);
    if (path === 'parse') return this.#plain.map(bytes, start, end, place, sink);

    this.#isParsed = false;
    let outcome: LineOutcome = 'skipped';
    const rules = this.#rules;
    for (let i = 0; i < rules.length; i++) {
      const { rule, fast, destination } = rules[i]!;
      let fits: boolean;
      if (fast === undefined) {
        this.#parseLine(bytes, start, end, place);
        fits = rule.fits(this.#parsed);
      } else fits = fast.fits(this.#line);
      if (!fits) continue;
      const result = fast === undefined ? 'unknown' : fast.build(this.#line, sink, destination);
      if (result === 'event') outcome = 'mapped';
      else if (result === 'unknown') {
        this.#parseLine(bytes, start, end, place);
        outcome = worthier(outcome, applyRule(rule, this.#parsed, sink, destination));
      }
      if (this.#firstOnly) break;
    }
    this.paths[this.#isParsed ? 'parse' : path]++;
    return outcome;
  }

  /** Finds what is wanted in the line. */
  #read(bytes: Buffer, start: number, end: number, place: LinePlace): keyof PathCounts {
    const line = this.#line;
    const from = line.moveTo(bytes, start, end, place);
    if (from === 0) return 'parse';
    let path: keyof PathCounts = 'skeleton';
    let to = this.#skeletons.fit(line, from);
    if (to === 0) {
      path = 'scan';
      to = line.memory.kernel.scan(line.table, this.#root, from);
    }
    // A newline within is none of a log's, and nothing of the kernel's.
    if (to !== from + end - start) return 'parse';
    if (path === 'scan') this.#skeletons.learn(from);
    return line.isHigh && !isUtf8(bytes.subarray(start, end)) ? 'parse' : path;
  }

  #parseLine(bytes: Buffer, start: number, end: number, place: LinePlace): void {
    if (this.#isParsed) return;
    const fields = this.#plain.parse(bytes, start, end);
    if (fields === 'blank' || fields instanceof ParseFailure) {
      throw new Error('the scanner took a line for JSON that is none');
    }
    this.#parsed.moveTo(fields, bytes, start, end, place);
    this.#isParsed = true;
  }
}
