/** One rule, compiled for scanned lines. What it cannot decide, the plain rule does. */
import type { RuleConfig } from '../../config/types.ts';
import type { Address } from '../../kernel/kernel.ts';
import type { KernelMemory } from '../../kernel/memory.ts';
import type { LineSink } from '../../types.ts';
import { compileFilterFor } from '../filter.ts';
import type { Predicate } from '../filter.ts';
import { isFitForId } from '../id-text.ts';
import type { Preset } from '../presets.ts';
import { MAX_AMOUNT_DIGITS, MAX_ID_BYTES } from '../rule.ts';
import type { TimeWindow } from '../rule.ts';
import { parseTemplate } from '../template.ts';
import type { TemplatePart } from '../template.ts';
import { quote } from '../values.ts';
import { LOG_ID } from '../variable.ts';
import { bindCondition } from './condition.ts';
import { EventShape, EventWriter } from './event.ts';
import type { IdHoles } from './event.ts';
import { AmountHole, LogIdHole, PropertyHole, TextHole, TimeHole, inString } from './hole.ts';
import type { Hole } from './hole.ts';
import type { FastLine } from './line.ts';
import { FastTime } from './time.ts';
import { FastVariable } from './variable.ts';
import type { WantedFields } from './wanted.ts';

/** What became of a line: an event; none, because it is outside the window; or only the plain rule can tell. */
export type FastResult = 'event' | 'outside' | 'unknown';

export class FastRule {
  readonly fits: Predicate<FastLine>;
  /** Every line gives an event, and the kernel can do all of it. */
  readonly isPlain: boolean;
  readonly #time: FastTime;
  readonly #event: EventWriter;
  readonly #sinceMs: number;
  readonly #untilMs: number;

  /**
   * Undefined for a rule that takes more than is worth it. Adds to `wanted` what the rule looks at.
   * @throws OutOfMemoryError
   */
  static compile(
    rule: RuleConfig,
    preset: Preset,
    window: TimeWindow,
    wanted: WantedFields,
    memory: KernelMemory,
  ): FastRule | undefined {
    const time = fastTime(rule, preset, wanted, memory);
    const event = time && new EventCompiler(preset, wanted, memory).compile(rule, time);
    if (event === undefined || time === undefined) return undefined;
    return new FastRule(rule, preset, window, wanted, time, event);
  }

  private constructor(
    rule: RuleConfig,
    preset: Preset,
    window: TimeWindow,
    wanted: WantedFields,
    time: FastTime,
    event: EventWriter,
  ) {
    const variable = (name: string): FastVariable => FastVariable.named(name, preset, wanted);
    this.fits = compileFilterFor<FastLine>(rule.filter ?? [], '', preset, unreported, (condition) =>
      bindCondition(condition, variable),
    );
    this.isPlain =
      (rule.filter ?? []).length === 0 &&
      window.sinceMs === undefined &&
      window.untilMs === undefined &&
      event.isPlain;
    this.#time = time;
    this.#event = event;
    this.#sinceMs = window.sinceMs ?? -Infinity;
    this.#untilMs = window.untilMs ?? Infinity;
  }

  get timeRecord(): Address {
    return this.#time.record;
  }

  get eventRecord(): Address {
    return this.#event.record;
  }

  /** For a line that fits. */
  build(line: FastLine, sink: LineSink, destination: number): FastResult {
    const time = this.#time.of(line);
    if (Number.isNaN(time)) return 'unknown';
    if (time < this.#sinceMs || time >= this.#untilMs) return 'outside';
    const { earliestMs, latestMs } = sink.limits;
    if (time < earliestMs || time > latestMs) return 'unknown';
    return this.#event.write(line, sink, destination) ? 'event' : 'unknown';
  }
}

/** What is wrong with a filter, the plain rule has reported. */
function unreported(): void {}

function fastTime(
  rule: RuleConfig,
  preset: Preset,
  wanted: WantedFields,
  memory: KernelMemory,
): FastTime | undefined {
  const variable = (name: string): FastVariable => FastVariable.named(name, preset, wanted);
  if (rule.event_timestamp !== undefined) {
    const [part, ...more] = parseTemplate(rule.event_timestamp);
    const isField = part !== undefined && typeof part !== 'string' && part.name !== LOG_ID;
    return isField && more.length === 0
      ? new FastTime(memory, [variable(part.name)], undefined, preset)
      : undefined;
  }
  const { start } = preset;
  const duration = start?.duration;
  return (
    start &&
    new FastTime(
      memory,
      start.times.map(variable),
      duration === undefined ? undefined : variable(duration),
      preset,
    )
  );
}

/** Makes the shape of a rule's event, key by key. */
class EventCompiler {
  readonly #preset: Preset;
  readonly #wanted: WantedFields;
  readonly #memory: KernelMemory;
  readonly #shape = new EventShape();
  /** No text holds half a character, which could become a whole one with what stands beside it. */
  #isWellFormed = true;

  constructor(preset: Preset, wanted: WantedFields, memory: KernelMemory) {
    this.#preset = preset;
    this.#wanted = wanted;
    this.#memory = memory;
  }

  compile(rule: RuleConfig, time: FastTime): EventWriter | undefined {
    const shape = this.#shape;
    shape.text('{"transaction_id":');
    const id = this.#id(rule.event_transaction_id);
    shape.text(',"external_subscription_id":');
    const subscription = this.#id(rule.event_subscription_id);
    shape.text(`,"code":${quote(rule.event_code)},"timestamp":`);
    shape.hole(new TimeHole(this.#memory, time));
    const amount = rule.precise_total_amount_cents;
    if (amount !== undefined && !this.#amount(amount)) return undefined;
    if (rule.event_properties !== undefined) this.#properties(rule.event_properties);
    shape.text('}');
    if (id === undefined || subscription === undefined || !this.#isWellFormed) return undefined;
    return new EventWriter(this.#memory, shape, [id, subscription]);
  }

  /** Undefined for an id that is the same for all lines, or unfit by its own text, and is not worth it. */
  #id(template: string): IdHoles | undefined {
    const parts = parseTemplate(template);
    const first = this.#shape.holes.length;
    this.#string(parts, true);
    if (!parts.every((part) => isFitForId(typeof part === 'string' ? part : (part.fallback ?? ''))))
      return undefined;
    const texts = parts.filter((part) => typeof part === 'string');
    const bytes = Buffer.byteLength(texts.map(inString).join(''));
    const end = this.#shape.holes.length;
    return end === first ? undefined : { first, end, maxBytes: MAX_ID_BYTES - bytes };
  }

  /** False for an amount that is no variable alone. */
  #amount(template: string): boolean {
    const [part, ...more] = parseTemplate(template);
    if (part === undefined || typeof part === 'string' || part.name === LOG_ID || more.length > 0)
      return false;
    this.#shape.text(',"precise_total_amount_cents":"');
    this.#shape.hole(new AmountHole(this.#memory, this.#variable(part.name), MAX_AMOUNT_DIGITS));
    this.#shape.text('"');
    return true;
  }

  #properties(properties: Readonly<Record<string, string>>): void {
    let separator = '';
    this.#shape.text(',"properties":{');
    for (const [name, template] of Object.entries(properties)) {
      this.#shape.text(`${separator}${quote(name)}:`);
      separator = ',';
      const parts = parseTemplate(template);
      const [part] = parts;
      if (parts.length !== 1 || part === undefined || typeof part === 'string') this.#string(parts);
      else if (part.name === LOG_ID) this.#shape.hole(new LogIdHole(this.#memory, 1));
      else {
        const { name: variable, fallback } = part;
        this.#shape.hole(
          new PropertyHole(this.#memory, this.#variable(variable), this.#preset.unset, fallback),
        );
      }
    }
    this.#shape.text('}');
  }

  #string(parts: readonly TemplatePart[], isId = false): void {
    this.#shape.text('"');
    for (const part of parts) {
      const text = typeof part === 'string' ? part : (part.fallback ?? '');
      this.#isWellFormed &&= text.isWellFormed();
      if (typeof part === 'string') this.#shape.text(inString(part));
      else this.#shape.hole(this.#textHole(part.name, part.fallback, isId));
    }
    this.#shape.text('"');
  }

  #textHole(name: string, fallback: string | undefined, isId: boolean): Hole {
    if (name === LOG_ID) return new LogIdHole(this.#memory, 0);
    return new TextHole(this.#memory, this.#variable(name), this.#preset.unset, fallback, isId);
  }

  #variable(name: string): FastVariable {
    return FastVariable.named(name, this.#preset, this.#wanted);
  }
}
