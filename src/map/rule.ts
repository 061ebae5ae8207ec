/**
 * One rule, compiled: from a line that fits its filter to the JSON of an event, or to the reason why there is none.
 * The same line always gives the same bytes.
 */
import type { RuleConfig } from '../config/types.ts';
import type { DeadReason, LineFailure } from '../types.ts';
import { plainDecimal } from './decimal.ts';
import { compileFilter } from './filter.ts';
import type { Predicate, Report } from './filter.ts';
import { unfitCharacter } from './id-text.ts';
import type { MappedLine } from './line.ts';
import { implausibility, isPlausible } from './plausible.ts';
import type { Preset } from './presets.ts';
import { MISSING, PresetTime, TemplateTime } from './start-time.ts';
import type { TimeSource } from './start-time.ts';
import { Template } from './template.ts';
import { formatSeconds } from './timestamp.ts';
import { quote, toProperty } from './values.ts';
import type { TimeLimits } from '../time-limits.ts';

/** Lago's unique index holds both ids in at most 2,704 bytes; a longer one would be a lasting error 500. */
export const MAX_ID_BYTES = 1024;
/** Digits before the decimal point of Lago's `decimal(40, 15)`. */
export const MAX_AMOUNT_DIGITS = 25;
/** Unix milliseconds: since ≤ time < until. */
export interface TimeWindow {
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** The event lies outside the window: nothing to do. */
export const OUTSIDE = Symbol('outside the window');

interface Property {
  readonly key: string;
  json(line: MappedLine): string;
}

export class CompiledRule {
  readonly name: string;
  readonly fits: Predicate;
  readonly #code: string;
  readonly #id: Template;
  readonly #subscription: Template;
  readonly #time: TimeSource | undefined;
  readonly #amount: Template | undefined;
  readonly #properties: readonly Property[] | undefined;
  readonly #sinceMs: number;
  readonly #untilMs: number;

  /** `path` is that of the rule in the configuration, for `report`. */
  constructor(rule: RuleConfig, preset: Preset, window: TimeWindow, path: string, report: Report) {
    this.name = rule.name;
    this.fits = compileFilter(rule.filter ?? [], `${path}.filter`, preset, report);
    this.#code = rule.event_code;
    this.#id = new Template(rule.event_transaction_id, preset);
    this.#subscription = new Template(rule.event_subscription_id, preset);
    this.#time = timeSource(rule, preset);
    this.#amount =
      rule.precise_total_amount_cents === undefined
        ? undefined
        : new Template(rule.precise_total_amount_cents, preset);
    this.#properties = rule.event_properties && compileProperties(rule.event_properties, preset);
    this.#sinceMs = window.sinceMs ?? -Infinity;
    this.#untilMs = window.untilMs ?? Infinity;
  }

  /** The event as JSON. */
  build(line: MappedLine, limits: TimeLimits): string | LineFailure | typeof OUTSIDE {
    const time = this.#time === undefined ? MISSING : this.#time.at(line);
    if (time >= 0 && (time < this.#sinceMs || time >= this.#untilMs)) return OUTSIDE;
    const id = this.#id.identity(line);
    const subscription = this.#subscription.identity(line);
    const amount = this.#amount && plainDecimal(this.#amount.text(line).trim());

    if (isEmpty(id)) return this.#fail('missing_transaction_id', this.#nothingFor(this.#id));
    if (isEmpty(subscription)) {
      return this.#fail('missing_subscription', this.#nothingFor(this.#subscription));
    }
    const unfit = this.#unfit(id, subscription);
    if (unfit !== undefined) return unfit;
    if (time === MISSING) return this.#fail('missing_timestamp', `no timestamp: ${this.#describeTime(line)}`);
    if (Number.isNaN(time)) {
      return this.#fail('invalid_timestamp', `not a point in time: ${this.#describeTime(line)}`);
    }
    if (!isPlausible(time, limits)) {
      const message = `${implausibility(time, limits)}: ${this.#describeTime(line)}`;
      return this.#fail('implausible_timestamp', message);
    }
    if (isTooLong(id)) return this.#fail('invalid_property', tooLong('transaction_id'));
    if (isTooLong(subscription)) return this.#fail('invalid_property', tooLong('external_subscription_id'));
    if (this.#amount !== undefined && (amount === undefined || !fitsAmount(amount))) {
      const text = JSON.stringify(this.#amount.text(line).slice(0, 40));
      return this.#fail('invalid_property', `precise_total_amount_cents is not a decimal number: ${text}`);
    }
    return this.#json(line, id, subscription, time, amount);
  }

  #json(
    line: MappedLine,
    id: string,
    subscription: string,
    time: number,
    amount: string | undefined,
  ): string {
    return (
      `{"transaction_id":${quote(id)},"external_subscription_id":${quote(subscription)}` +
      `,"code":${quote(this.#code)},"timestamp":${formatSeconds(time)}` +
      (amount === undefined ? '' : `,"precise_total_amount_cents":"${amount}"`) +
      (this.#properties === undefined ? '' : `,"properties":${propertiesJson(this.#properties, line)}`) +
      '}'
    );
  }

  #unfit(id: string, subscription: string): LineFailure | undefined {
    const inId = unfitCharacter(id);
    if (inId !== undefined) return this.#fail('invalid_transaction_id', unfit('transaction_id', id, inId));
    const inName = unfitCharacter(subscription);
    if (inName === undefined) return undefined;
    const message = unfit('external_subscription_id', subscription, inName);
    return this.#fail('invalid_subscription', message);
  }

  #fail(reason: DeadReason, message: string): LineFailure {
    return { reason, message, rule: this.name };
  }

  #nothingFor(template: Template): string {
    return template.isLiteral
      ? `${JSON.stringify(template.source)} is empty`
      : `the line has no value for ${template.source}`;
  }

  #describeTime(line: MappedLine): string {
    return this.#time === undefined
      ? 'its format has none, and the rule no event_timestamp'
      : this.#time.describe(line);
  }
}

function timeSource(rule: RuleConfig, preset: Preset): TimeSource | undefined {
  if (rule.event_timestamp !== undefined) return new TemplateTime(new Template(rule.event_timestamp, preset));
  return preset.start && new PresetTime(preset.start, preset);
}

function compileProperties(
  properties: Readonly<Record<string, string>>,
  preset: Preset,
): readonly Property[] {
  return Object.entries(properties).map(([name, source]): Property => {
    const key = `${quote(name)}:`;
    const template = new Template(source, preset);
    if (template.isVariable) return { key, json: (line) => toProperty(template.value(line)) };
    if (!template.isLiteral) return { key, json: (line) => quote(template.text(line)) };
    const literal = quote(source);
    return { key, json: () => literal };
  });
}

function propertiesJson(properties: readonly Property[], line: MappedLine): string {
  let json = '';
  for (const property of properties)
    json += `${json === '' ? '{' : ','}${property.key}${property.json(line)}`;
  return json === '' ? '{}' : `${json}}`;
}

/** Lago takes white space for nothing, too. */
function isEmpty(text: string): boolean {
  return text.trim() === '';
}

function isTooLong(id: string): boolean {
  // No UTF-16 unit takes more than three bytes.
  return id.length * 3 > MAX_ID_BYTES && Buffer.byteLength(id) > MAX_ID_BYTES;
}

function unfit(key: string, text: string, character: string): string {
  return `${key} ${JSON.stringify(text.slice(0, 80))} holds ${character}`;
}

function tooLong(key: string): string {
  return `${key} is longer than ${MAX_ID_BYTES} bytes`;
}

function fitsAmount(amount: string): boolean {
  return amount.replace(/^-?0*/, '').replace(/\..*$/, '').length <= MAX_AMOUNT_DIGITS;
}
