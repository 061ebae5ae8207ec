import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { ParseFailure } from '../../src/parse/failure.ts';
import { createLineParser } from '../../src/parse/parser.ts';
import type { Repairs } from '../../src/types.ts';

const repairs = (): Repairs => ({ hexEscapes: 0, bareDashes: 0, invalidUtf8: 0 });

function parse(line: string | Buffer, counts = repairs()): unknown {
  const bytes = Buffer.concat([Buffer.from('xx'), Buffer.from(line), Buffer.from('yy')]);
  const result = createLineParser('json', counts)(bytes, 2, bytes.length - 2);
  return result instanceof ParseFailure ? result.message : result;
}

describe('the bytes of a line', () => {
  it.each([
    ['a carriage return at the end', '{"a":1}\r'],
    ['a byte order mark', '\ufeff{"a":1}'],
    ['the hole that a truncated file begins with', '\0\0\0\0{"a":1}'],
    ['a hole and a byte order mark', '\0\ufeff{"a":1}\r'],
  ])('%s is no part of it', (_what, line) => {
    expect(parse(line)).toEqual({ a: 1 });
  });

  it.each(['', ' ', '\r', '\t \r', '\ufeff'])('%j is blank', (line) => {
    expect(parse(line)).toBe('blank');
  });

  it.each(['\0', '\0\0 \r'])('%j is a hole, not a blank line', (line) => {
    expect(parse(line)).toMatch(/^nothing but \d+ bytes of NUL/);
  });

  it('that are not UTF-8 are replaced, and such lines counted', () => {
    const counts = repairs();
    expect(parse(Buffer.from('{"a":"\xff\xfe"}', 'latin1'), counts)).toEqual({ a: '\ufffd\ufffd' });
    expect(parse('{"a":"\ufffd is valid"}', counts)).toEqual({ a: '\ufffd is valid' });
    expect(parse('{"a":"é 中 😀"}', counts)).toEqual({ a: 'é 中 😀' });
    expect(counts.invalidUtf8).toBe(1);
  });
});

it('a log_format that cannot work is a configuration error', () => {
  expect(() => createLineParser({ log_format: '$a$b' }, repairs())).toThrow(ConfigError);
});
