/**
 * The front half of the pipeline, without state: reads logs and hands out the events that would be sent.
 * `tailmeter preview` prints them; `tailmeter replay --dry-run` only counts.
 */
import { ByteWriter } from './bytes.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config/types.ts';
import { mapperFor, type PipelineOptions, type ReplayFile } from './pipeline.ts';
import { limitsAt } from './map/plausible.ts';
import { readFinished, refuseUnread } from './tail/finished.ts';
import type { DeadReason, LineFailure, LineSink, SourceCounts } from './types.ts';
import { NO_LIMITS } from './time-limits.ts';

export interface PreviewSummary extends Omit<SourceCounts, 'repeated'> {
  events: number;
  /** Of the lines: from bytes of archives that do not verify. */
  unverified: number;
  /** Dead letters by reason, each with the first that was met, for a person. */
  readonly reasons: Map<DeadReason, { count: number; example: string }>;
}

/**
 * @param event Takes one event as JSON text with a newline, exactly as Lago would get it; the bytes are only valid
 *   during the call. A returned promise is waited for.
 */
export async function preview(
  options: { readonly config: Config } & Pick<PipelineOptions, 'window' | 'allowOld' | 'acceptDamaged'>,
  files: readonly ReplayFile[],
  event: (bytes: Buffer) => void | Promise<void>,
): Promise<PreviewSummary> {
  const summary: PreviewSummary = {
    lines: 0,
    skipped: 0,
    dead: 0,
    mapped: 0,
    events: 0,
    unverified: 0,
    reasons: new Map(),
  };
  const sink = new PreviewSink(summary);
  await refuseUnread(files.map(({ path }) => path));
  for (const { path, source } of files) {
    const mapper = mapperFor(options, source);
    sink.limits = limitsAt(source, systemClock.now(), options.allowOld);
    const place = (offset: number): string => `${path}, offset ${offset}`;
    const logs = await readFinished([path], {
      source: source.path,
      maxLineBytes: source.max_line_bytes,
      ...(options.acceptDamaged === true && { acceptDamaged: () => {} }),
      consumer: {
        lines({ generation, bytes, offset }) {
          for (let start = 0; start < bytes.length;) {
            const end = mapper.lineEnd(bytes, start);
            sink.place = place(offset + start);
            const outcome = mapper.map(bytes, start, end, { generation, offset: offset + start }, sink);
            summary.lines++;
            summary[outcome]++;
            start = end + 1;
          }
          return sink.handOver(event);
        },
        oversize({ offset, length }) {
          summary.lines++;
          summary.dead++;
          sink.place = place(offset);
          sink.dead({ reason: 'line_too_long', message: `the line has ${length} bytes` });
        },
        ended: () => {},
      },
    });
    for (const { unverified } of logs) summary.unverified += unverified?.lines ?? 0;
  }
  return summary;
}

class PreviewSink implements LineSink {
  place = '';
  limits = NO_LIMITS;
  readonly #events = new ByteWriter(64 * 1024);
  readonly #summary: PreviewSummary;
  #committed = 0;

  constructor(summary: PreviewSummary) {
    this.#summary = summary;
  }

  writer(): ByteWriter {
    this.#events.length = this.#committed;
    return this.#events;
  }

  event(): void {
    this.#events.byte(0x0a);
    this.#committed = this.#events.length;
    this.#summary.events++;
  }

  dead({ reason, message, rule }: LineFailure): void {
    const known = this.#summary.reasons.get(reason);
    if (known !== undefined) known.count++;
    else {
      const example = `${this.place}${rule === undefined ? '' : `, rule ${rule}`}: ${message}`;
      this.#summary.reasons.set(reason, { count: 1, example });
    }
  }

  handOver(event: (bytes: Buffer) => void | Promise<void>): void | Promise<void> {
    if (this.#committed === 0) return;
    const written = this.#events.buffer.subarray(0, this.#committed);
    this.#committed = 0;
    return event(written);
  }
}
