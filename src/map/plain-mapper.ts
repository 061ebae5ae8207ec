/**
 * The plain way from a line to its events: parse the whole line, look the variables up, build the JSON. It is the
 * reference: any faster way must give the same events, failures, outcomes and repair counts for the same bytes.
 */
import { lineEnd } from '../bytes.ts';
import type { LineParser } from '../parse/parser.ts';
import { ParseFailure } from '../parse/failure.ts';
import type { LineMapper, LineOutcome, LinePlace, LineSink, PathCounts, Repairs } from '../types.ts';
import type { IdSalt } from './id-salt.ts';
import { MappedLine } from './line.ts';
import { OUTSIDE } from './rule.ts';
import type { CompiledRule } from './rule.ts';

/** A rule and the number of the destination that its events go to. */
export interface RoutedRule {
  readonly rule: CompiledRule;
  readonly destination: number;
}

export class PlainMapper implements LineMapper {
  readonly repairs: Repairs;
  readonly paths: PathCounts = { skeleton: 0, scan: 0, parse: 0 };
  /** Counts in `repairs`. */
  readonly parse: LineParser;
  readonly rules: readonly RoutedRule[];
  readonly lineEnd = lineEnd;
  /** There are no runs that go this way. */
  readonly mapRun = (_bytes: Buffer, start: number): number => start;
  readonly #firstOnly: boolean;
  readonly #line: MappedLine;

  constructor(
    parse: LineParser,
    repairs: Repairs,
    rules: readonly RoutedRule[],
    match: 'all' | 'first',
    salt?: IdSalt,
  ) {
    this.#line = new MappedLine(salt);
    this.repairs = repairs;
    this.parse = parse;
    this.rules = rules;
    this.#firstOnly = match === 'first';
  }

  map(bytes: Buffer, start: number, end: number, place: LinePlace, sink: LineSink): LineOutcome {
    this.paths.parse++;
    const fields = this.parse(bytes, start, end);
    if (fields === 'blank') return 'skipped';
    if (fields instanceof ParseFailure) {
      sink.dead({ reason: 'not_json', message: fields.message });
      return 'dead';
    }
    this.#line.moveTo(fields, bytes, start, end, place);
    let outcome: LineOutcome = 'skipped';
    for (const { rule, destination } of this.rules) {
      if (!rule.fits(this.#line)) continue;
      outcome = worthier(outcome, applyRule(rule, this.#line, sink, destination));
      if (this.#firstOnly) break;
    }
    return outcome;
  }
}

/** Gives the event of a line that fits the rule, or its failure, to `sink`. */
export function applyRule(
  rule: CompiledRule,
  line: MappedLine,
  sink: LineSink,
  destination: number,
): LineOutcome {
  const event = rule.build(line, sink.limits);
  if (event === OUTSIDE) return 'skipped';
  if (typeof event !== 'string') {
    sink.dead(event);
    return 'dead';
  }
  sink.writer(destination).text(event);
  sink.event(destination);
  return 'mapped';
}

/** The outcome of a line for which two rules have these: one event is enough to be mapped. */
export function worthier(a: LineOutcome, b: LineOutcome): LineOutcome {
  if (a === 'mapped' || b === 'skipped') return a;
  return b;
}
