import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SLACK } from '../../src/kernel/kernel.ts';
import { KernelMemory } from '../../src/kernel/memory.ts';
import { FastLine } from '../../src/map/fast/line.ts';
import { SkeletonRoom } from '../../src/map/fast/skeleton.ts';
import { WantedFields } from '../../src/map/fast/wanted.ts';

const PLACE = {
  generation: { dev: '1', ino: '2', fingerprint: 'f', fingerprintBytes: 1, path: '/log' },
  offset: 0,
};

/** Reads lines, and tells what it found of what is wanted. */
class Reader {
  readonly wanted = new WantedFields();
  readonly #memory = new KernelMemory();
  readonly #slots: ReadonlyMap<string, readonly number[]>;
  readonly #root: number;
  readonly #line: FastLine;
  readonly #skeleton: SkeletonRoom;

  constructor(paths: readonly string[] = []) {
    this.#slots = new Map(paths.map((path) => [path, this.wanted.path(path)]));
    this.#root = this.wanted.root.writeTo(this.#memory);
    this.#line = new FastLine(this.#memory, this.wanted.slots + 1);
    this.#skeleton = new SkeletonRoom(this.#memory, 4096);
  }

  /** Whether the line is understood, all of it. */
  scans(line: string | Buffer): boolean {
    const { start, end } = this.#begin(line);
    return this.#memory.kernel.scan(this.#line.table, this.#root, start) === end;
  }

  /** Whether a skeleton is learned from the line that was scanned last. */
  learns(): boolean {
    return this.#skeleton.learn(this.#start, this.wanted.root, this.wanted.slots);
  }

  /** Whether the line has the skeleton that was learned. */
  fits(line: string | Buffer): boolean {
    const { start, end } = this.#begin(line);
    return this.#memory.kernel.fit(this.#line.table, this.#skeleton.record, start) === end;
  }

  /** The same for a line behind which the memory ends. */
  fitsAtTheEnd(line: string): boolean {
    const { kernel, buffer } = this.#memory;
    const bytes = Buffer.from(`${line}\n`);
    const start = buffer.length - SLACK - bytes.length;
    bytes.copy(buffer, start);
    return kernel.fit(this.#line.table, this.#skeleton.record, start) !== 0;
  }

  /** What there is at a path, as it is written. */
  found(path: string): string[] {
    const { kinds, starts, ends } = this.#line;
    return (this.#slots.get(path) ?? []).flatMap((slot) =>
      kinds[slot] ? [this.#memory.buffer.toString('utf8', starts[slot], ends[slot])] : [],
    );
  }

  #start = 0;

  #begin(line: string | Buffer): { start: number; end: number } {
    const bytes = Buffer.from(line);
    this.#start = this.#line.moveTo(bytes, 0, bytes.length, PLACE);
    return { start: this.#start, end: this.#start + bytes.length };
  }
}

const anything = new Reader();
const accepts = (line: string | Buffer): boolean => anything.scans(line);

describe('a scan', () => {
  it('finds values by name, by path, by whole path and by index', () => {
    const line = '{"a":{"b":{"c":1.10},"b.c":"x"},"a.b.c":null,"l":[0,[true,false]],"s":"\\"","o":{"p":[]}}';
    const paths = ['a.b.c', 'l.1.0', 'l.1', 's', 'o.p', 'o', 'missing', 'l.2', 's.0'];
    const reader = new Reader(paths);
    expect(reader.scans(line)).toBe(true);
    expect(paths.map((path) => reader.found(path))).toEqual([
      ['null', 'x', '1.10'], ['true'], ['[true,false]'], ['\\"'], ['[]'], ['{"p":[]}'], [], [], [],
    ]); // prettier-ignore
  });

  it('forgets what stood in an object when a later one of its name takes its place', () => {
    const paths = ['a.b', 'a.c', 'a'];
    const reader = new Reader(paths);
    expect(reader.scans('{"a":{"b":1,"c":2},"a":{"c":3}}')).toBe(true);
    expect(paths.map((path) => reader.found(path))).toEqual([[], ['3'], ['{"c":3}']]);
  });

  it('takes every object that JSON.stringify can write, plain or indented', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
        fc.nat(4),
        (value, indent) => {
          // An indented one has newlines, which no line of a log has.
          const line = JSON.stringify({ o: value }, null, indent).replaceAll('\n', '\r');
          expect(accepts(line)).toBe(true);
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

const withKey = (key: string): string => `{"a":"x","${key}":1}`;

describe('a skeleton', () => {
  const LINE = '{ "a" : 1 , "bee":"x","c":{"d":[2]}}';

  function fits(line: string): Record<string, string[]> | undefined {
    const paths = ['a', 'bee', 'c.d', 'c.d.0'];
    const reader = new Reader(paths);
    expect(reader.scans(LINE) && reader.learns()).toBe(true);
    if (!reader.fits(line)) return undefined;
    return Object.fromEntries(paths.map((path) => [path, reader.found(path)]));
  }

  it('fits the line that it was learned from, and others with other values', () => {
    expect(fits(LINE)).toEqual({ a: ['1'], bee: ['x'], 'c.d': ['[2]'], 'c.d.0': ['2'] });
    expect(fits('{ "a" : "\\"" , "bee":{},"c":[{"d":3}]}')).toEqual({
      a: ['\\"'],
      bee: ['{}'],
      'c.d': [],
      'c.d.0': [],
    });
    expect(fits(`${LINE} \r`)).toEqual(fits(LINE));
  });

  it('fits a line with an object of another shape within, and reads that one in full', () => {
    const within = { a: ['1'], bee: ['x'], 'c.d': ['{"d":5}'], 'c.d.0': [] };
    expect(fits('{ "a" : 1 , "bee":"x","c":{"more":{"d":4},"d":{"d":5}}}')).toEqual(within);
    expect(fits('{ "a" : 1 , "bee":"x","c":{"d":[2],"d":{"d":5}}}')).toEqual(within);
    expect(fits('{ "a" : 1 , "bee":"x","c":{"d":[2],}}')).toBeUndefined();
  });

  it.each([
    '{ "a" : 1 , "bee":"x","c":{"d":[2]}} x', '{ "a" : 1 , "bee":"x","c":{"d":[2]}', '{ "a" : 1 , "bee":"x"}', '{"a" : 1 , "bee":"x","c":1}',
    '{ "a" : 1 , "bef":"x","c":1}', '{ "a" : 1 , "bee":"x","c":01}', '{ "a" : 1 , "bee":"x","c":}', '{ "a" : , "bee":"x","c":1}', '{}', '',
  ])('does not fit %s', (line) => {
    expect(fits(line)).toBeUndefined();
  }); // prettier-ignore

  it('does not fit a line that differs in one byte of a key, wherever it is', () => {
    for (let length = 1; length <= 70; length++) {
      const key = 'k'.repeat(length);
      const reader = new Reader(['a']);
      expect(reader.scans(withKey(key)) && reader.learns()).toBe(true);
      expect(reader.fits(withKey(key))).toBe(true);
      for (let at = 0; at < length; at++) {
        expect(reader.fits(withKey(`${key.slice(0, at)}j${key.slice(at + 1)}`))).toBe(false);
      }
      expect(reader.fits(withKey(`${key}k`))).toBe(false);
    }
  });

  it('is not looked for behind the end of a shorter line', () => {
    const key = 'k'.repeat(1000);
    const reader = new Reader(['a']);
    expect(reader.scans(`{"a":1,"${key}":2}`) && reader.learns()).toBe(true);
    expect(reader.fitsAtTheEnd(`{"a":1,"${key}":2}`)).toBe(true);
    for (const line of ['{"a":1}', '{"a":1,"k":2}', `{"a":1,"${'k'.repeat(40)}`]) {
      expect(reader.fitsAtTheEnd(line)).toBe(false);
    }
  });

  it('is not learned from an empty object, nor from one that has a wanted member twice', () => {
    for (const line of ['{}', '{"a":1,"a":2}']) {
      const reader = new Reader(['a']);
      expect(reader.scans(line)).toBe(true);
      expect(reader.learns()).toBe(false);
    }
  });

  it('is not learned from a line that does not fit its room', () => {
    const reader = new Reader(['a']);
    expect(reader.scans(`{"${'k'.repeat(4096)}":1}`)).toBe(true);
    expect(reader.learns()).toBe(false);
  });
});
