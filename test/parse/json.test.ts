import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ParseFailure } from '../../src/parse/failure.ts';
import { WrittenNumber } from '../../src/parse/fields.ts';
import { MAX_DEPTH, parseJsonLine } from '../../src/parse/json.ts';
import { toJson } from '../../src/map/values.ts';
import type { Repairs } from '../../src/types.ts';

const noRepairs = (): Repairs => ({ hexEscapes: 0, bareDashes: 0, invalidUtf8: 0 });

function parse(text: string, repairs = noRepairs()): string {
  const result = parseJsonLine(text, repairs);
  return result instanceof ParseFailure ? `! ${result.message}` : toJson(result);
}

describe('numbers keep the form in which the log wrote them', () => {
  it.each([
    '0',
    '-0',
    '1',
    '1.10',
    '0.000',
    '0.0000001',
    '1e3',
    '1E3',
    '1.5e-05',
    '-0.0',
    '-1.50',
    '9007199254740993',
    '12345678901234567890',
    '123456789.123456789',
    '0.1234567890123456789',
    '1e400',
    '100',
    '1795193078.206',
  ])('%s', (number) => {
    expect(parse(`{"a":${number},"b":[${number} , ${number}]}`)).toBe(
      `{"a":${number},"b":[${number},${number}]}`,
    );
  });

  it('every number that JSON can write, wherever it stands', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/);
    fc.assert(
      fc.property(fc.array(digits, { minLength: 1 }), (numbers) => {
        const text = `{"list":[${numbers.join(',')}],"nested":{"n":${numbers[0]}}}`;
        expect(parse(text)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('the value of a number is still at hand', () => {
    const fields = parseJsonLine('{"a":1.10}', noRepairs());
    expect(fields).toEqual({ a: new WrittenNumber('1.10', 1.1) });
  });
});

describe('what JSON.parse accepts is left to it', () => {
  it('and comes out the same, repairs or not', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const repairs = noRepairs();
        const text = JSON.stringify(value);
        expect(JSON.parse(parse(text, repairs))).toEqual(JSON.parse(text));
        expect(repairs).toEqual(noRepairs());
      }),
    );
  });

  it('a key such as __proto__ is a key', () => {
    expect(parse('{"__proto__":{"x":1.0},"constructor":2}')).toBe('{"__proto__":{"x":1.0},"constructor":2}');
  });
});

describe('repairs', () => {
  it.each([
    ['an escape of escape=default', String.raw`{"a":"\x22x\x5C"}`, String.raw`{"a":"\"x\\"}`],
    ['escapes that make one character of UTF-8', String.raw`{"a":"caf\xC3\xA9"}`, '{"a":"café"}'],
    ['an escape in a name', String.raw`{"\x61":1}`, '{"a":1}'],
    [
      'an escaped backslash before x41 is none',
      String.raw`{"a":"\\x41","b":-}`,
      String.raw`{"a":"\\x41","b":null}`,
    ],
    ['three backslashes before x41 are one', String.raw`{"a":"\\\x41"}`, String.raw`{"a":"\\A"}`],
    ['an escaped control character', String.raw`{"a":"\x00\x0A"}`, String.raw`{"a":"\u0000\n"}`],
    ['a bare dash', '{"a":-,"b": - }', '{"a":null,"b":null}'],
    ['a bare dash in an array', '{"a":[-,1,-]}', '{"a":[null,1,null]}'],
    ['no value', '{"a":,"b":}', '{"a":null,"b":null}'],
    ['a bare list', '{"a":0.100, 0.200,"b":-, 0.1 : 0.3}', '{"a":"0.100, 0.200","b":"-, 0.1 : 0.3"}'],
    ['a status of 000', '{"status":000,"b":-01.50}', '{"status":0,"b":-1.50}'],
    ['a dash in a string is a dash', '{"a":"-","b":-}', '{"a":"-","b":null}'],
    ['spaces around everything', '\t{ "a" :\t- , "b" : [ ] } ', '{"a":null,"b":[]}'],
  ])('%s', (_what, text, expected) => {
    expect(parse(text)).toBe(expected);
  });

  it('are counted by line, not by place', () => {
    const repairs = noRepairs();
    parse(String.raw`{"a":"\x41\x42","b":"\x43","c":-,"d":-}`, repairs);
    parse(String.raw`{"a":"\xFF"}`, repairs);
    parse('{"a":1}', repairs);
    expect(repairs).toEqual({ hexEscapes: 2, bareDashes: 1, invalidUtf8: 1 });
  });

  it('are not counted when the line is refused all the same', () => {
    const repairs = noRepairs();
    expect(parse('{"a":-,"b":nope}', repairs)).toMatch(/^!/);
    expect(repairs).toEqual(noRepairs());
  });
});

describe('refusals say what is wrong and where', () => {
  it.each([
    ['hello', 'not a JSON object: expected a value at position 0, near "hello"'],
    ['{"a":1', 'not a JSON object: expected a comma or } at the end of the line, near "{\\"a\\":1"'],
    ['{"a":"x', 'not a JSON object: a string is not closed at the end of the line, near "{\\"a\\":\\"x"'],
    ['{"a":1}x', 'not a JSON object: more text after the value at position 7, near "{\\"a\\":1}x"'],
    ['{a:1}', 'not a JSON object: expected a quoted name at position 1, near "{a:1}"'],
    ['{"a" 1}', 'not a JSON object: expected a colon at position 5, near "{\\"a\\" 1}"'],
    ['{"a":1,}', 'not a JSON object: expected a quoted name at position 7, near "{\\"a\\":1,}"'],
    ['{"a":[1,]}', 'not a JSON object: expected a value at position 8, near "{\\"a\\":[1,]}"'],
    [
      String.raw`{"a":"\q"}`,
      String.raw`not a JSON object: not an escape of JSON at position 6, near "{\"a\":\"\\q\"}"`,
    ],
    [
      String.raw`{"a":"\x4"}`,
      String.raw`not a JSON object: not an escape of JSON at position 6, near "{\"a\":\"\\x4\"}"`,
    ],
    [
      '{"a":"\u0000"}',
      String.raw`not a JSON object: a bare control character at position 6, near "{\"a\":\"\u0000\"}"`,
    ],
    ['[1]', 'expected a JSON object, found an array at position 0, near "[1]"'],
    ['"x"', 'expected a JSON object, found a string at position 0, near "\\"x\\""'],
    ['null', 'expected a JSON object, found null at position 0, near "null"'],
    [' 1.0', 'expected a JSON object, found a number at position 1, near " 1.0"'],
    ['-', 'not a JSON object: expected a value at position 0, near "-"'],
  ])('%s', (text, message) => {
    expect(parse(text)).toBe(`! ${message}`);
  });

  it('and show little of the line', () => {
    const secret = 'x'.repeat(10_000);
    expect(parse(`{"a":"${secret}","b":nope,"c":"${secret}"}`).length).toBeLessThan(160);
  });
});

function nested(depth: number, inner: string): string {
  return `{"a":${'['.repeat(depth - 1)}${inner}${']'.repeat(depth - 1)}}`;
}

describe('nesting', () => {
  it.each(['1', '1.0', '-'])('of %s is taken to the limit and refused beyond it', (inner) => {
    expect(parse(nested(MAX_DEPTH, inner))).not.toMatch(/^!/);
    expect(parse(nested(MAX_DEPTH + 1, inner))).toMatch(/nested deeper/);
  });

  it('does not count brackets in strings, escaped quotes or not', () => {
    const brackets = '[{\\"'.repeat(MAX_DEPTH);
    expect(parse(`{"a":"${brackets}","b":"${brackets}"}`)).not.toMatch(/^!/);
  });

  it('of a million levels is no more than a dead letter', () => {
    expect(parse('['.repeat(1_000_000))).toMatch(/nested deeper/);
    expect(parse('{"a":'.repeat(100_000))).toMatch(/nested deeper/);
  });
});

it('no text makes it throw', () => {
  const fragment = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '-',
    '\\x4',
    '\\x41',
    '\\',
    '0',
    '1.0',
    'e',
    ' ',
    'null',
    '"a"',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(fragment).map((parts) => parts.join('')),
      ),
      (text) => {
        expect(parse(text)).toMatch(/^[!{]/);
        expect(parse(`{"a":${text}}`)).toMatch(/^[!{]/);
      },
    ),
    { numRuns: 2000 },
  );
});
