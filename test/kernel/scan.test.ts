import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../../src/bytes.ts';
import { SLACK, Scanner } from '../../../src/map/fast/scan.ts';
import { learnSkeleton } from '../../../src/map/fast/skeleton.ts';
import { WantedFields } from '../../../src/map/fast/wanted.ts';

/** A scanner at the beginning of the line, with what was wanted of it. */
function begin(line: string | Buffer, paths: readonly string[] = []) {
  const bytes = Buffer.concat([Buffer.from(line), Buffer.alloc(SLACK, '"')]);
  const wanted = new WantedFields();
  const slots = new Map(paths.map((path) => [path, wanted.path(path)]));
  const scanner = new Scanner(wanted.slots + 1);
  scanner.begin(bytes, viewOf(bytes), bytes.length - SLACK);
  const found = (path: string): string[] =>
    (slots.get(path) ?? []).flatMap((slot) =>
      scanner.kinds[slot] ? [bytes.toString('utf8', scanner.starts[slot], scanner.ends[slot])] : [],
    );
  return { scanner, wanted, found };
}

function accepts(line: string | Buffer, paths: readonly string[] = []): boolean {
  const { scanner, wanted } = begin(line, paths);
  return scanner.line(0, wanted.root);
}

describe('a scan', () => {
  it('finds values by name, by path, by whole path and by index', () => {
    const line = '{"a":{"b":{"c":1.10},"b.c":"x"},"a.b.c":null,"l":[0,[true,false]],"s":"\\"","o":{"p":[]}}';
    const paths = ['a.b.c', 'l.1.0', 'l.1', 's', 'o.p', 'o', 'missing', 'l.2', 's.0'];
    const { scanner, wanted, found } = begin(line, paths);
    expect(scanner.line(0, wanted.root)).toBe(true);
    expect(paths.map(found)).toEqual([
      ['null', 'x', '1.10'], ['true'], ['[true,false]'], ['\\"'], ['[]'], ['{"p":[]}'], [], [], [],
    ]); // prettier-ignore
  });

  it('forgets what stood in an object when a later one of its name takes its place', () => {
    const { scanner, wanted, found } = begin('{"a":{"b":1,"c":2},"a":{"c":3}}', ['a.b', 'a.c', 'a']);
    expect(scanner.line(0, wanted.root)).toBe(true);
    expect(['a.b', 'a.c', 'a'].map(found)).toEqual([[], ['3'], ['{"c":3}']]);
  });

  it('takes every object that JSON.stringify can write, plain or indented', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
        fc.nat(4),
        (value, indent) => {
          expect(accepts(JSON.stringify({ o: value }, null, indent))).toBe(true);
        },
      ),
    );
  });

  it.each([
    '{"a":01}', '{"a":1.}', '{"a":.5}', '{"a":-}', '{"a":+1}', '{"a":1e}', '{"a":1e+}', '{"a":--1}', '{"a":0x1}', '{"a":1_0}',
    '{"a":tru}', '{"a":truE}', '{"a":falze}', '{"a":nul}', '{"a":nulll}', '{"a":}', '{"a"}', '{a:1}', '{,}', '{"a":1,}', '{"a":1 "b":2}',
    '{"a":[1,]}', '{"a":[1 2]}', '{"a":[,1]}', '{"a":"\t"}', '{"a":"\\x41"}', '{"a":"\\u12"}', '{"a":"\\u12g4"}', '{"a":"\\"}', '{"a":"x}',
    '{"a":1}}', '{"a":1}x', '{"a":1', '{', '', ' ', '[1]', '"a"', '1', '\ufeff{"a":1}', '{"a":\u00a01}', '{"a":1\0}', `${'{"a":'.repeat(70)}1${'}'.repeat(70)}`,
  ])('refuses %s', (line) => {
    expect(accepts(line)).toBe(false);
  }); // prettier-ignore

  it('takes nothing that JSON.parse refuses', () => {
    const token = fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '-', '0', '1', '.', 'e', '+', '\\', '\\"', '\\u0041', 'u', ' ', '\n', 'true', 'null', '"a"', '"a":', 'é', '\u0001'); // prettier-ignore
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        const text = tokens.join('');
        const lines = [`{${text}}`, `{"a":${text}}`, `{"a":"${text}"}`];
        expect(lines.filter((line) => accepts(line) && !isJson(line))).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('a skeleton', () => {
  const LINE = '{ "a" : 1 , "bee":"x","c":{"d":[2]}}';

  function fits(line: string): Record<string, string[]> | undefined {
    const paths = ['a', 'bee', 'c.d', 'c.d.0'];
    const first = begin(LINE, paths);
    expect(first.scanner.line(0, first.wanted.root)).toBe(true);
    const skeleton = learnSkeleton(first.scanner, 0, first.wanted.root, first.wanted.slots);
    const second = begin(line, paths);
    if (skeleton?.fits(second.scanner, 0) !== true) return undefined;
    return Object.fromEntries(paths.map((path) => [path, second.found(path)]));
  }

  it('fits the line that it was learned from, and others with other values', () => {
    expect(fits(LINE)).toEqual({ a: ['1'], bee: ['x'], 'c.d': ['[2]'], 'c.d.0': ['2'] });
    expect(fits('{ "a" : "\\"" , "bee":{},"c":[{"d":3}]}')).toEqual({
      a: ['\\"'],
      bee: ['{}'],
      'c.d': [],
      'c.d.0': [],
    });
  });

  it.each([
    '{ "a" : 1 , "bee":"x","c":{"d":[2]}} ', '{ "a" : 1 , "bee":"x","c":{"d":[2]}', '{ "a" : 1 , "bee":"x"}', '{"a" : 1 , "bee":"x","c":1}',
    '{ "a" : 1 , "bef":"x","c":1}', '{ "a" : 1 , "bee":"x","c":01}', '{ "a" : 1 , "bee":"x","c":}', '{ "a" : , "bee":"x","c":1}', '{}', '',
  ])('does not fit %s', (line) => {
    expect(fits(line)).toBeUndefined();
  }); // prettier-ignore

  it('is not learned from an empty object, nor from one that has a wanted member twice', () => {
    for (const line of ['{}', '{"a":1,"a":2}']) {
      const { scanner, wanted } = begin(line, ['a']);
      expect(scanner.line(0, wanted.root)).toBe(true);
      expect(learnSkeleton(scanner, 0, wanted.root, wanted.slots)).toBeUndefined();
    }
  });
});
