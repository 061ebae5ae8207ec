/** Maps lines as the pipeline does, and keeps what comes out in a form that is easy to compare. */
import { ByteWriter } from '../../src/bytes.ts';
import type { RuleConfig } from '../../src/config/types.ts';
import { compileMapper } from '../../src/map/compile.ts';
import type { MapperOptions } from '../../src/map/compile.ts';
import type { Generation, LineFailure, LineMapper, LineOutcome, LineSink } from '../../src/types.ts';
import { NO_LIMITS, type TimeLimits } from '../../src/time-limits.ts';

export const GENERATION: Generation = {
  dev: '1',
  ino: '2',
  fingerprint: '0123456789abcdef0123456789abcdef',
  fingerprintBytes: 64,
  path: '/var/log/access.log',
};

/** What became of one line. */
export interface Mapped {
  outcome: LineOutcome;
  /** Each event's bytes as text, with the number of its destination. */
  events: { destination: number; json: string }[];
  dead: LineFailure[];
}

/** Collects, and takes back bytes that no `event` call confirmed, as the spool does. */
export class CollectingSink implements LineSink {
  readonly limits: TimeLimits;
  readonly events: { destination: number; json: string }[] = [];
  readonly dead: (failure: LineFailure) => void;
  readonly failures: LineFailure[] = [];
  readonly #writers = new Map<number, ByteWriter>();

  constructor(limits: TimeLimits = NO_LIMITS) {
    this.limits = limits;
    this.dead = (failure) => this.failures.push(failure);
  }

  writer(destination: number): ByteWriter {
    const writer = this.#writers.get(destination) ?? new ByteWriter(16);
    this.#writers.set(destination, writer);
    writer.length = 0;
    return writer;
  }

  event(destination: number): void {
    this.events.push({ destination, json: this.#writers.get(destination)?.written().toString() ?? '' });
  }
}

/** Maps one line (text is UTF-8) at an offset of `GENERATION`. */
export function mapLine(
  mapper: LineMapper,
  line: string | Buffer,
  offset = 0,
  limits: TimeLimits = NO_LIMITS,
): Mapped {
  const bytes = Buffer.concat([Buffer.from('before\n'), Buffer.from(line), Buffer.from('\nafter')]);
  const sink = new CollectingSink(limits);
  const outcome = mapper.map(bytes, 7, bytes.length - 6, { generation: GENERATION, offset }, sink);
  return { outcome, events: sink.events, dead: sink.failures };
}

/** A rule with the parts that a test does not care about filled in. */
export function rule(parts: Partial<RuleConfig> = {}): RuleConfig {
  return {
    name: 'calls',
    event_code: 'test',
    event_transaction_id: '${id}',
    event_subscription_id: '${sub}',
    event_timestamp: '${t}',
    to: 'lago',
    ...parts,
  };
}

export function mapperOf(parts: Partial<RuleConfig> = {}, options: Partial<MapperOptions> = {}): LineMapper {
  return compileMapper({
    rules: [rule(parts)],
    match: 'all',
    destinations: ['lago'],
    format: 'json',
    ...options,
  });
}

/** One property of the event that a line of these fields gives. */
export function property(
  template: string,
  fields: object | string,
  options: Partial<MapperOptions> = {},
): unknown {
  const line = typeof fields === 'string' ? fields : JSON.stringify(fields);
  const mapper = mapperOf(
    {
      event_transaction_id: '${log_id}',
      event_subscription_id: 's',
      event_timestamp: '1',
      event_properties: { p: template },
    },
    options,
  );
  const [event] = mapLine(mapper, line).events;
  return event && /"properties":\{"p":(.*)\}\}$/s.exec(event.json)?.[1];
}

/** True when a line of these fields fits the filter. */
export function fits(
  filter: readonly unknown[],
  fields: object | string,
  options: Partial<MapperOptions> = {},
): boolean {
  const line = typeof fields === 'string' ? fields : JSON.stringify(fields);
  const mapper = mapperOf(
    { filter, event_transaction_id: '${log_id}', event_subscription_id: 's', event_timestamp: '1' },
    options,
  );
  return mapLine(mapper, line).outcome === 'mapped';
}
