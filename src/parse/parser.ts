/** The parse stage: the bytes of a line in, its fields out. Chooses JSON or a plain-text `log_format` once. */
import type { SourceConfig } from '../config/types.ts';
import { ConfigError } from '../errors.ts';
import type { Repairs } from '../types.ts';
import { ParseFailure } from './failure.ts';
import type { Fields } from './fields.ts';
import { parseJsonLine } from './json.ts';
import { compileLogFormat } from './log-format.ts';
import type { LogFormat } from './log-format.ts';
import { isBlank, lineText } from './text.ts';

/** Fields; or a failure; or `blank` for a line of white space. Never throws for what a line contains. */
export type ParsedLine = Fields | ParseFailure | 'blank';

/** Parses the line at `bytes[start, end)`, without its newline. */
export type LineParser = (bytes: Buffer, start: number, end: number) => ParsedLine;

/** The parser of a source's format; counts oddities in `repairs`. Throws a ConfigError for a `log_format` that cannot work. */
export function createLineParser(format: SourceConfig['format'], repairs: Repairs): LineParser {
  const parseText = typeof format === 'string' ? parseJsonLine : requireLogFormat(format.log_format);
  return (bytes, start, end) => {
    const text = lineText(bytes, start, end, repairs);
    if (!isBlank(text)) return parseText(text, repairs);
    // NUL bytes are a hole in the file, where lines may have been.
    const hole = bytes.subarray(start, end).includes(0);
    return hole ? new ParseFailure(`nothing but ${end - start} bytes of NUL or white space`) : 'blank';
  };
}

function requireLogFormat(source: string): LogFormat {
  const format = compileLogFormat(source);
  if (typeof format !== 'string') return format;
  throw new ConfigError('', [{ path: 'format.log_format', message: format }]);
}
