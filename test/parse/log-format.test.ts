import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ParseFailure } from '../../src/parse/failure.ts';
import { compileLogFormat, logFormatVariables } from '../../src/parse/log-format.ts';
import type { Repairs } from '../../src/types.ts';

const COMBINED =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';
const repairs = (): Repairs => ({ hexEscapes: 0, bareDashes: 0, invalidUtf8: 0 });

function read(format: string, line: string, counts = repairs()): unknown {
  const compiled = compileLogFormat(format);
  if (typeof compiled === 'string') throw new Error(compiled);
  const result = compiled(line, counts);
  return result instanceof ParseFailure ? `! ${result.message}` : result;
}

describe('a log_format', () => {
  it('reads what NGINX writes for it', () => {
    const line = '10.0.0.1 - - [20/Nov/2026:16:44:38 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl/8"';
    expect(read(COMBINED, line)).toEqual({
      remote_addr: '10.0.0.1',
      remote_user: null,
      time_local: '20/Nov/2026:16:44:38 +0000',
      request: 'GET /a HTTP/1.1',
      status: '200',
      body_bytes_sent: '12',
      http_referer: null,
      http_user_agent: 'curl/8',
    });
  });

  it('may begin and end with text, and name variables in braces', () => {
    expect(read('<${a}>${b_1}|end', '<x>y|end')).toEqual({ a: 'x', b_1: 'y' });
  });

  it('undoes escape=default, whatever the bytes are', () => {
    const counts = repairs();
    expect(read('"$a" $b', String.raw`"say \x22hi\x22 \x5C caf\xC3\xA9" \xFF`, counts)).toEqual({
      a: 'say "hi" \\ café',
      b: '\ufffd',
    });
    expect(counts).toEqual({ hexEscapes: 0, bareDashes: 0, invalidUtf8: 1 });
  });

  it('does not end a quoted value at an escaped quote', () => {
    expect(read('"$a" "$b"', String.raw`"x\" y" "z"`)).toEqual({ a: 'x" y', b: 'z' });
    expect(read('"$a" "$b"', String.raw`"x\\" "z"`)).toEqual({ a: String.raw`x\\`, b: 'z' });
  });

  it('keeps lists of several upstreams together', () => {
    const format = '$upstream_addr $upstream_status $upstream_response_time end';
    expect(read(format, '10.0.0.1:80, 10.0.0.2:80 : unix:/a 502, 200 : 200 0.1, - : 0.3 end')).toEqual({
      upstream_addr: '10.0.0.1:80, 10.0.0.2:80 : unix:/a',
      upstream_status: '502, 200 : 200',
      upstream_response_time: '0.1, - : 0.3',
    });
  });

  it('is not fooled by a user name that looks like the field behind it', () => {
    const line = '10.0.0.1 - eve [01/Jan/2000 [20/Nov/2026:16:44:38 +0000] "GET / HTTP/1.1" 200 1 "-" "-"';
    expect(read(COMBINED, line)).toMatchObject({
      remote_user: 'eve [01/Jan/2000',
      time_local: '20/Nov/2026:16:44:38 +0000',
    });
  });

  it('splits a host and the URI right behind it', () => {
    const format = '"$scheme://$upstream_host$upstream_uri" $z';
    expect(read(format, '"http://h:80/a/b?c" 1')).toMatchObject({
      upstream_host: 'h:80',
      upstream_uri: '/a/b?c',
    });
    expect(read(format, '"http://-" 1')).toMatchObject({ upstream_host: null, upstream_uri: null });
  });

  it('takes the first of two fields of one name, and any name', () => {
    expect(read('$a $a $__proto__ $constructor', '1 2 3 4')).toEqual(
      Object.fromEntries([
        ['a', '1'],
        ['__proto__', '3'],
        ['constructor', '4'],
      ]),
    );
  });

  it.each([
    ['', '! does not fit the log_format: found no " - " behind $remote_addr at the end of the line, near ""'],
    [
      '{"a":1}',
      '! does not fit the log_format: found no " - " behind $remote_addr at position 0, near "{\\"a\\":1}"',
    ],
    [
      '1 - 2 [3] "r" 200 1 "-" "-"',
      '! does not fit the log_format: found no " [" behind $remote_user at position 4',
    ],
  ])('refuses %j', (line, message) => {
    expect(read(COMBINED, line)).toContain(message);
  });

  it('refuses a line that goes on behind its last text', () => {
    expect(read('"$a"', '"x" more')).toMatch(/found no "\\"" behind \$a/);
  });

  it.each([
    ['$a$b', 'nothing separates $a from $b, so their values cannot be told apart'],
    ['plain', 'there is no variable in it'],
    ['', 'there is no variable in it'],
  ])('%j cannot work', (format, message) => {
    expect(compileLogFormat(format)).toBe(message);
  });

  it('names its variables', () => {
    expect(logFormatVariables('$a [${b}] $c_d')).toEqual(['a', 'b', 'c_d']);
  });

  it('never throws and never hangs', () => {
    const text = fc
      .array(fc.constantFrom(' ', '-', '[', ']', '"', '\\', '\\x41', 'a', '200', ', ', ' : '))
      .map((p) => p.join(''));
    fc.assert(
      fc.property(text, (line) => {
        expect(read(COMBINED, line)).toBeDefined();
      }),
      { numRuns: 1000 },
    );
  });
});
