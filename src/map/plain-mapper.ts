/**
 * The plain way from a line to its events: parse the whole line, look the variables up, build the JSON. It is the
 * reference: any faster way must give the same events, failures, outcomes and repair counts for the same bytes.
 */
import type { LineParser } from '../parse/parser.ts';
import { ParseFailure } from '../parse/failure.ts';
import type { LineMapper, LineOutcome, LinePlace, LineSink, Repairs } from '../types.ts';
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
  readonly #parse: LineParser;
  readonly #rules: readonly RoutedRule[];
  readonly #firstOnly: boolean;
  readonly #line = new MappedLine();

  /** `parse` counts in `repairs`. */
  constructor(parse: LineParser, repairs: Repairs, rules: readonly RoutedRule[], match: 'all' | 'first') {
    this.repairs = repairs;
    this.#parse = parse;
    this.#rules = rules;
    this.#firstOnly = match === 'first';
  }

  map(bytes: Buffer, start: number, end: number, place: LinePlace, sink: LineSink): LineOutcome {
    const fields = this.#parse(bytes, start, end);
    if (fields === 'blank') return 'skipped';
    if (fields instanceof ParseFailure) {
      sink.dead({ reason: 'not_json', message: fields.message });
      return 'dead';
    }
    this.#line.moveTo(fields, bytes, start, end, place);
    let outcome: LineOutcome = 'skipped';
    for (const { rule, destination } of this.#rules) {
      if (!rule.fits(this.#line)) continue;
      const event = rule.build(this.#line);
      if (typeof event === 'string') {
        sink.writer(destination).text(event);
        sink.event(destination);
        outcome = 'mapped';
      } else if (event !== OUTSIDE) {
        sink.dead(event);
        if (outcome === 'skipped') outcome = 'dead';
      }
      if (this.#firstOnly) break;
    }
    return outcome;
  }
}
