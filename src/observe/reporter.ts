/**
 * Turns telemetry events into log lines: counts each, leaves out what is below the level, gathers repeats, takes out
 * secrets, and writes in the chosen format. Writing is synchronous: a line that was reported is out, whatever comes.
 */
import { destination as openDescriptor } from 'pino';
import { redact } from '../config/redact.ts';
import { EventCounters } from './counters.ts';
import type { LogStream, LogWriter } from './entry.ts';
import type { Reporter, TelemetryEvent } from './events.ts';
import { jsonWriter, prettyWriter } from './json.ts';
import { messageOf } from './messages.ts';
import type { Level } from './messages.ts';
import { nginxWriter } from './nginx.ts';
import { Repeats } from './repeats.ts';

export type LogFormat = 'json' | 'nginx' | 'pretty';

export interface ReporterOptions {
  readonly level: Level;
  readonly format: LogFormat;
  /** Standard error unless given. */
  readonly destination?: LogStream;
  /** What must not appear in any line. */
  readonly secrets: readonly string[];
  /** Colours in the format `pretty`; default: when standard error is a terminal and takes the lines. */
  readonly colors?: boolean;
  /** The local time of `nginx` lines. */
  readonly now?: () => Date;
}

export interface LogReporter extends Reporter {
  /** Writes the repeats gathered so far; to be called before the process ends. */
  flush(): void;
  readonly counters: EventCounters;
}

const SEVERITY: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** For how long repeats are gathered before they are told as one line. */
const REPEAT_WINDOW_MS = 10_000;

/** Longest text in a line, in characters: an answer of megabytes is not worth a log line of megabytes. */
const MAX_TEXT = 4096;

export function createReporter(options: ReporterOptions): LogReporter {
  const { level, format, secrets, destination = standardError() } = options;
  const colors = options.colors ?? (options.destination === undefined && process.stderr.isTTY);
  const writers: Record<LogFormat, () => LogWriter> = {
    json: () => jsonWriter(destination),
    nginx: () => nginxWriter(destination, options.now ?? (() => new Date())),
    pretty: () => prettyWriter(destination, colors),
  };
  const writer = writers[format]();
  const counters = new EventCounters();
  const clean = (text: string): string => clip(redact(text, secrets));

  const write = (event: TelemetryEvent, more: number): void => {
    const message = messageOf(event);
    const text = clean(message.text(event));
    const fields = fieldsOf(event, clean);
    if (more > 0) fields['more'] = more;
    try {
      writer.write({
        level: message.level,
        event: event.event,
        text: more > 0 ? `${text} … and ${more} more in the last ${REPEAT_WINDOW_MS / 1000} s` : text,
        fields,
      });
    } catch {
      // A log that cannot be written must not stop the work, and there is nowhere to say so.
    }
  };
  const repeats = new Repeats(REPEAT_WINDOW_MS, write);

  return {
    counters,
    report(event) {
      counters.count(event);
      const message = messageOf(event);
      if (SEVERITY[message.level] < SEVERITY[level]) return;
      if (message.repeatKey === undefined) write(event, 0);
      else repeats.add(`${event.event} ${message.repeatKey(event)}`, event);
    },
    flush: () => repeats.flush(),
  };
}

function standardError(): LogStream {
  const stream = openDescriptor({ dest: 2, sync: true });
  // Its reader may go away before we do (EPIPE), its disk may be full: see `write`.
  stream.on('error', () => {});
  return stream;
}

/** What the event carries, `retryInMs` as `retry_in_ms`, errors as their message and code. */
function fieldsOf(event: TelemetryEvent, clean: (text: string) => string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(event) as [string, unknown][]) {
    if (name === 'event' || value === undefined) continue;
    if (value instanceof Error) {
      fields['error'] = clean(value.message);
      if ('code' in value) fields['error_code'] = value.code;
    } else {
      fields[name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] =
        typeof value === 'string' ? clean(value) : value;
    }
  }
  // pino writes a `pid` of its own.
  delete fields['pid'];
  return fields;
}

function clip(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
