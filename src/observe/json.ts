import { createRequire } from 'node:module';
import { pino } from 'pino';
import type * as pretty from 'pino-pretty';
import { oneLine } from './entry.ts';
import type { LogEntry, LogStream, LogWriter } from './entry.ts';

const load = createRequire(import.meta.url);

/** Writes pino's JSON lines: `level` as a word, `time` in RFC 3339, `pid`, `hostname`, `event`, its fields, `msg`. */
export function jsonWriter(stream: LogStream): LogWriter {
  const logger = pino(
    {
      // The reporter has already chosen.
      level: 'debug',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => void stream.write(line) },
  );
  return {
    write({ level, event, text, fields }: LogEntry) {
      logger[level]({ event, ...fields }, text);
    },
  };
}

/** Writes for a person at a terminal: local time, level and sentence. Formats in this thread, so nothing is lost at the end. */
export function prettyWriter(stream: LogStream, colorize: boolean): LogWriter {
  // Loaded when it is asked for: it takes 0.8 MB that the other formats do not need.
  const { prettyFactory } = load('pino-pretty') as typeof pretty;
  const format = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    ignore: 'pid,hostname',
  });
  const json = jsonWriter({ write: (line) => stream.write(format(line)) });
  return { write: (entry) => json.write({ ...entry, text: oneLine(entry.text) }) };
}
