import type { EventName, Level } from './messages.ts';

/** One line of the log before it has a format. Holds no secrets. */
export interface LogEntry {
  readonly level: Level;
  readonly event: EventName;
  readonly text: string;
  /** What the event carries, snake_case; `more` when it stands for repeats as well. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Puts entries into a format and writes them. */
export interface LogWriter {
  write(entry: LogEntry): void;
}

/** Where lines go: standard error, or anything a test likes. */
export interface LogStream {
  write(line: string): unknown;
}

/** Answers of a server stand in the log: none of them may begin a line of its own, or steer a terminal. */
export function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
