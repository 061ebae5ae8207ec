/**
 * The fast mapper and the plain one are the same function. Lines are made of pieces that matter to both, cut up,
 * mixed, and damaged byte by byte; recorded ones too.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MapperOptions } from '../../src/map/compile.ts';
import { NO_LIMITS } from '../../src/time-limits.ts';
import type { LineMapper } from '../../src/types.ts';
import { compileMapper, compilePlainMapper } from '../../src/map/compile.ts';
import { KernelMemory, taken } from '../../src/kernel/memory.ts';
import { CollectingSink, GENERATION, rule } from '../map/harness.ts';
import { Twins } from '../map/fast/harness.ts';
import { BUFFER_BYTES } from '../../src/spool/event-buffer.ts';
import { OpenRange } from '../../src/spool/open-range.ts';
import { SpareBuffers, spareBytes } from '../../src/spool/spare-buffers.ts';

const FORMATS = ['nginx', 'kong-file-log', 'apisix-file-logger', 'litellm', 'json'] as const;

const RULES = [
  rule({
    name: 'all',
    event_transaction_id: '${id}',
    event_subscription_id: 'cus_${sub ?? nobody}',
    event_timestamp: '${t}',
    precise_total_amount_cents: '${n}',
    event_properties: {
      a: '${a}',
      text: 'a is "${a}", b is ${b ?? none}',
      nested: '${r.h.x}',
      list: '${l.1}',
      header: '${http_X-Team ?? blue}',
      argument: '${arg_q}',
      uri: '${uri}',
      line: '${log_id}',
      é: 'literal',
    },
  }),
  rule({
    name: 'filtered',
    filter: [
      ['a', '~=', 'x'],
      ['OR', ['n', '<', 400], ['b', '~~', '^/v1/'], ['l', 'has', 1], ['r.h.x', '==', 'é']],
      ['sub', '!', 'in', ['y', 7]],
    ],
    event_transaction_id: '${log_id}-${n}',
    event_subscription_id: '${sub}',
    event_timestamp: '${t ?? 5}',
    event_properties: {
      n: '${n}',
      b: '${b}',
      r: '${r}',
      request: '${request_method}',
      cookie: '${cookie_c}',
    },
  }),
];

/** Without a timestamp of its own where the format has one. */
function optionsFor(format: (typeof FORMATS)[number], match: 'all' | 'first', window = {}): MapperOptions {
  const preset = RULES.map(({ event_timestamp: _time, ...timeless }) => timeless);
  const rules = format === 'json' || format === 'litellm' ? RULES : preset;
  return { rules, match, destinations: ['lago'], format, window };
}

const NAMES = [
  'id', 'sub', 't', 'n', 'a', 'b', 'l', 'r', 'h', 'x', 'uri', 'args', 'request', 'headers', 'request_uri', 'msec',
  'request_time', 'start_time', 'started_at', 'r.h.x', 'h.x', 'request.headers', 'x-team', 'X-Team', 'x_team', 'http_x_team',
  'http_cookie', 'unwanted', '__proto__', 'constructor', '', 'é', '\\u0061', '\\u00e9', 'n\\"', 'toString', '0', '1',
]; // prettier-ignore

const SCALARS = [
  '0', '-0', '1', '7', '200', '404', '1.10', '1e3', '1E+2', '1.5e-05', '12345678901234567890', '0.1', '1e400', '-5',
  '1795193078.206', '1795193078206', '1795193078.2069', '0.057', '99999999999999999', '1234567890', '12345678901',
  'true', 'false', 'null', '[]', '{}', '""', '"-"', '" "', '"x"', '"y"', '"POST /v1/a?q=1%202&q=3 HTTP/1.1"', '"/v1/x"',
  '"/v1/x?q=%41+b"', '"q=1&p=2"', '"c=1; d=2"', '"1795193078.206"', '" 1795193078"', '"2026-11-20T16:44:38+01:00"',
  '"20/Nov/2026:16:44:38 +0000"', '"0x10"', '"1e3"', '"12.50"', '"-3"', '"é"', '"\u2028\u007f"', '"a\\"b"', '"\\\\"', '"\\/"',
  '"\\u00e9"', '"\\ud83d"', '"\\ud83d\\ude00"', '"\\ude00x"', '"\\u0000"', '"\\n\\t"', '"\u00a0"', '"\ufeff"', '"\u0085"',
  `"${'x'.repeat(1025)}"`, `"${'\\"'.repeat(600)}"`, `"${'long '.repeat(40)}"`, '1'.repeat(320), `0.${'0'.repeat(320)}1`,
]; // prettier-ignore

/** Some of it can be repaired. */
const BROKEN = [
  '000', '01', '1.', '.5', '+1', '-', '1e', '1e+', '--1', 'nul', 'True', 'truex', 'falsy', '', '0.1, 0.2', '"\\x22"', '"\\xe9"', '"\\q"',
  '"\\u12g4"', '"\\u"', '"\u0001"', '"tab\there"', '"', '"abc', '"\\"', '[1', '{"a":', "'a'",
]; // prettier-ignore

const scalar = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom(...SCALARS) },
  { weight: 1, arbitrary: fc.constantFrom(...BROKEN) },
);
const space = fc.oneof(
  { weight: 40, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(' ', '\t', '\r', ' \n ', ' ', '\u00a0') },
);
const name = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.string() },
);

const { value: json } = fc.letrec<{ value: string; object: string; array: string; member: string }>(
  (tie) => ({
    member: fc
      .tuple(space, name, space, space, tie('value'), space)
      .map(([a, key, b, c, value, d]) => `${a}"${key}"${b}:${c}${value}${d}`),
    object: fc.array(tie('member'), { maxLength: 12 }).map((members) => `{${members.join(',')}}`),
    array: fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    value: fc.oneof({ maxDepth: 4, depthSize: 'small' }, scalar, tie('object'), tie('array')),
  }),
);
const member = fc
  .tuple(space, name, space, space, json, space)
  .map(([a, key, b, c, value, d]) => `${a}"${key}"${b}:${c}${value}${d}`);

/** What makes a line give events. */
const WHOLE: readonly (readonly [name: string, value: string])[] = [
  ['id', '"i-1"'], ['sub', '"acme"'], ['t', '1795193078.206'], ['msec', '1795193078.206'], ['request_time', '0.057'],
  ['start_time', '1795193078206'], ['started_at', '1795193078206'], ['n', '12.50'], ['a', '"text"'], ['b', '"/v1/x"'], ['l', '[1,2]'],
  ['r', '{"h":{"x":"deep"}}'], ['unwanted', '"agent \\"quoted\\""'], ['request', '{"headers":{"X-Team":"red"},"uri":"/v1/y?q=2"}'], ['uri', '"/v1/z"'],
]; // prettier-ignore

const wholeMember = fc.constantFrom(...WHOLE).map(([key, value]) => `"${key}":${value}`);

/** Such a line with some of its values replaced: the shape of the line before it. */
const alike = fc
  .dictionary(fc.constantFrom(...WHOLE.map(([key]) => key)), json, { maxKeys: 3 })
  .map(
    (changes) =>
      `{${WHOLE.map(([key, value]) => `"${key}":${Object.hasOwn(changes, key) ? changes[key] : value}`).join(',')}}`,
  );

/** Such a line with other members, in any order, some of them twice. */
const mixed = fc
  .tuple(
    fc.shuffledSubarray([...WHOLE], { minLength: 12 }),
    fc.array(fc.oneof(member, wholeMember), { maxLength: 4 }),
    fc.nat(16),
  )
  .map(([members, others, at]) => {
    const texts = members.map(([key, value]) => `"${key}":${value}`);
    return `{${texts.toSpliced(at, 0, ...others).join(',')}}`;
  });

const random = fc
  .array(fc.oneof(member, wholeMember), { maxLength: 14 })
  .map((members) => `{${members.join(',')}}`);

const around = fc.tuple(
  fc.oneof(
    { weight: 12, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom(' ', '\ufeff', '\0\0', '\t', '\r', 'x') },
  ),
  fc.oneof(
    { weight: 12, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom('\r', '\r\r', ' ', ' \r', 'x', '}', '\0', ',', '{}') },
  ),
);

const line = fc
  .tuple(
    fc.oneof(
      { weight: 3, arbitrary: alike },
      { weight: 4, arbitrary: mixed },
      { weight: 1, arbitrary: random },
      { weight: 1, arbitrary: json },
    ),
    around,
  )
  .map(([text, [before, after]]) => Buffer.from(`${before}${text}${after}`));

/** Bytes that mean something to a scanner. */
const BYTES = [
  ...Buffer.from('"\\{}[]:,-+.eE0159ux/ \t\r\n\0a\u007f'),
  0x1f,
  0x80,
  0xbf,
  0xc3,
  0xa9,
  0xe2,
  0xed,
  0xa0,
  0xf0,
  0xff,
];

type Damage = readonly [what: 'set' | 'insert' | 'remove' | 'cut', at: number, byte: number];
const damage: fc.Arbitrary<Damage> = fc.tuple(
  fc.constantFrom('set', 'set', 'insert', 'remove', 'cut'),
  fc.nat(),
  fc.oneof(fc.constantFrom(...BYTES), fc.nat(255)),
);

function damaged(bytes: Buffer, [what, at, byte]: Damage): Buffer {
  const place = at % (bytes.length + 1);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  if (what === 'cut') return before;
  if (what === 'insert') return Buffer.concat([before, Buffer.from([byte]), after]);
  return Buffer.concat([before, what === 'set' ? Buffer.from([byte]) : Buffer.alloc(0), after.subarray(1)]);
}

/** Mostly those that let the times of these lines pass. */
const limits = fc.constantFrom(
  NO_LIMITS,
  { earliestMs: 1_000_000_000_000, latestMs: 1_800_000_000_000 },
  { earliestMs: 1_795_193_078_206, latestMs: 1_795_193_078_206 },
  { earliestMs: 1_795_193_078_207, latestMs: Infinity },
  { earliestMs: 0, latestMs: 1_795_193_078_205 },
);

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 400);

describe.each(FORMATS)('with format %s, the fast and the plain mapper agree', (format) => {
  it('on lines of any shape, one after the other', () => {
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 12 }),
        fc.constantFrom('all', 'first'),
        limits,
        (lines, match, plausible) => {
          const twins = new Twins(optionsFor(format, match));
          for (const [index, bytes] of lines.entries()) {
            const { fast, plain } = twins.map(bytes, index * 100, plausible);
            expect(fast).toEqual(plain);
          }
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('on damaged lines', () => {
    const twins = new Twins(optionsFor(format, 'all', { sinceMs: 1_000, untilMs: 1_800_000_000_000 }));
    fc.assert(
      fc.property(line, fc.array(damage, { maxLength: 3 }), (bytes, damages) => {
        for (const tried of [bytes, damages.reduce(damaged, bytes)]) {
          const { fast, plain } = twins.map(tried);
          expect(fast).toEqual(plain);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

const root = fileURLToPath(new URL('../../fixtures', import.meta.url));
const recorded = ['nginx', 'apisix', 'kong', 'litellm'].flatMap((folder) =>
  readdirSync(`${root}/${folder}`).flatMap((file) =>
    file.endsWith('.json') ? [`${folder}/${file.slice(0, -5)}`] : [],
  ),
);

describe('recorded lines', () => {
  it.each(recorded.filter((file) => !file.includes('plain-text')))(
    'of %s, with each byte damaged in turn',
    (file) => {
      const options = JSON.parse(readFileSync(`${root}/${file}.json`, 'utf8')) as MapperOptions;
      const twins = new Twins({ ...options, destinations: [...new Set(options.rules.map(({ to }) => to))] });
      const log = readFileSync(`${root}/${file}.log`);
      const lines = log
        .toString('latin1')
        .split('\n')
        .map((text) => Buffer.from(text, 'latin1'));
      let turn = 0;
      for (const bytes of lines) {
        for (let at = -1; at < bytes.length; at++) {
          const byte = BYTES[turn++ % BYTES.length]!;
          const what = (['set', 'set', 'insert', 'remove', 'cut'] as const)[turn % 5]!;
          const { fast, plain } = twins.map(at < 0 ? bytes : damaged(bytes, [what, at, byte]));
          expect(fast).toEqual(plain);
        }
      }
    },
  );
});

const template = fc.oneof(
  fc.constantFrom(...NAMES.filter((name) => !/[\\"]/.test(name) && name !== ''), 'arg_q', 'cookie_c', 'http_x_team', 'log_id').map((name) => `\${${name}}`),
  fc.constantFrom('${a}', '${n}', '${sub ?? }', '${b ?? -}', '${a ?? "é"}', '${l}', '${r.h}', '$a-$b', 'x${a}${b}y', '${id}"\\', 'literal', '', '\ud83d${a}', 'é${log_id}'),
); // prettier-ignore

const value = fc.constantFrom('x', '/v1/', '7', 'é', 'true', '', '-', 7, 0, 12.5, 200, true, false);
const condition = fc
  .tuple(
    fc.constantFrom('a', 'b', 'n', 'sub', 'r.h.x', 'l', 'uri', 'arg_q', 'http_x_team', 'request', 'unwanted', 'log_id'),
    fc.oneof(
      fc.tuple(fc.constantFrom('==', '~=', 'has'), value),
      fc.tuple(fc.constantFrom('==', '~='), fc.constant(null)),
      fc.tuple(fc.constantFrom('<', '<=', '>', '>='), fc.constantFrom(7, 200, '12.5', '0x10', -1)),
      fc.tuple(fc.constantFrom('~~', '~*'), fc.constantFrom('^/v1/', '^text$', 'x', 'x$', '^', '', '^\\/v1', '[a-x]+', '^é$', '^\\d+$')),
      fc.tuple(fc.constant('in'), fc.array(value, { maxLength: 3 })),
      fc.constant(['ipmatch', '10.0.0.0/8'] as const),
    ),
    fc.boolean(),
  )
  .map(([left, [operator, right], negated]) => (negated ? [left, '!', operator, right] : [left, operator, right])); // prettier-ignore

const filter = fc.oneof(
  fc.array(condition, { maxLength: 2 }),
  fc
    .tuple(fc.constantFrom('OR', 'AND', '!OR', '!AND'), condition, condition)
    .map((group): unknown[] => group),
);

const anyRule = fc
  .record({
    filter,
    event_transaction_id: template,
    event_subscription_id: template,
    event_timestamp: fc.constantFrom(
      '${t}',
      '${t}',
      '${msec}',
      '${a ?? 1}',
      '1',
      '${t}0',
      '${request_time}',
      '${start_time}',
      '${log_id}',
    ),
    event_properties: fc.dictionary(fc.string(), template, { maxKeys: 4 }),
    precise_total_amount_cents: fc.constantFrom(undefined, undefined, '${n}', '${a ?? 1}', '1', '${n}0'),
  })
  .map(({ precise_total_amount_cents: amount, ...parts }) =>
    rule({ ...parts, ...(amount !== undefined && { precise_total_amount_cents: amount }) }),
  );

it('with rules of any kind, the fast and the plain mapper agree', () => {
  fc.assert(
    fc.property(
      fc.array(anyRule, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...FORMATS),
      fc.array(line, { minLength: 1, maxLength: 8 }),
      (rules, format, lines) => {
        const twins = new Twins({ rules, match: 'all', destinations: ['lago'], format });
        for (const bytes of lines) {
          const { fast, plain } = twins.map(bytes);
          expect(fast).toEqual(plain);
        }
      },
    ),
    { numRuns: RUNS * 4 },
  );
});

describe('whole blocks, as the daemon maps them', () => {
  /** Every rule, and those that the kernel can do alone. */
  const SETS = [RULES, RULES.slice(0, 1), [plainRule()]];

  it('give the same in the memory of the kernel as line by line, the plain way', () => {
    const memory = new KernelMemory({ blocks: spareBytes + taken(BUFFER_BYTES) });
    const spare = new SpareBuffers(memory);
    const block = memory.block(BUFFER_BYTES);
    const pairs = SETS.map((rules) => {
      const options = { rules, match: 'all', destinations: ['lago'], format: 'json' } as const;
      return { fast: compileMapper({ ...options, memory }), plain: compilePlainMapper(options) };
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(line, regular), { minLength: 1, maxLength: 40 }),
        fc.constantFrom(...pairs),
        fc.integer({ min: 1, max: 50 }),
        limits,
        (lines, { fast, plain }, most, plausible) => {
          const whole = lines.map((bytes) => bytes.toString('latin1').replaceAll('\n', ' '));
          const text = Buffer.from(`${whole.join('\n')}\n`, 'latin1');
          text.copy(block.buffer);
          const range = new OpenRange('s', GENERATION, 0, 0, spare, plausible);
          const before = Object.values({ ...fast.paths });
          mapBlock(fast, block.buffer.subarray(0, text.length), range, most);
          const taken = Object.values({ ...fast.paths }).map((count, path) => count - before[path]!);

          const sink = new CollectingSink(plausible);
          const counts = { lines: 0, skipped: 0, dead: 0, mapped: 0, repeated: 0 };
          const offsets: number[] = [];
          for (let start = 0; start < text.length;) {
            const end = plain.lineEnd(text, start);
            const place = { generation: GENERATION, offset: start };
            counts[plain.map(text, start, end, place, sink)]++;
            counts.lines++;
            while (offsets.length < sink.events.length) offsets.push(start);
            start = end + 1;
          }
          const [part] = range.parts;
          expect(part?.whole.toString() ?? '').toBe(sink.events.map(({ json }) => `${json}\n`).join(''));
          expect([...(part?.lines ?? [])]).toEqual(offsets);
          expect(range.counts).toEqual(counts);
          expect(range.failures.map(({ failure }) => failure)).toEqual(sink.failures);
          expect(taken.reduce((sum, count) => sum + count)).toBe(counts.lines);
          range.recycle();
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('are mapped in runs where lines are alike', () => {
    const memory = new KernelMemory({ blocks: spareBytes + taken(BUFFER_BYTES) });
    const { buffer } = memory.block(BUFFER_BYTES);
    const text = '{"id":"i-1","sub":"acme","t":1795193078.206,"a":7}\n'.repeat(20);
    const bytes = buffer.subarray(0, buffer.write(text));
    const range = new OpenRange('s', GENERATION, 0, 0, new SpareBuffers(memory));
    const mapper = compileMapper({ ...optionsFor('json', 'all'), rules: [plainRule()], memory });
    mapper.map(bytes, 0, mapper.lineEnd(bytes, 0), { generation: GENERATION, offset: 0 }, range);
    const second = mapper.lineEnd(bytes, 0) + 1;
    expect(mapper.mapRun(bytes, second, second, range, 100)).toBe(bytes.length);
    expect(range.counts).toMatchObject({ lines: 19, mapped: 19 });
  });
});

/** Lines that the kernel maps alone, but for some. */
const regular = fc
  .record({
    id: fc.constantFrom('i-1', 'i-2', '', ' ', 'é', 'a"b'),
    sub: fc.constantFrom('acme', 'acme', 'acme', '-', ''),
    t: fc.constantFrom(1795193078.206, 1795193078, 0, '1795193078.5', '2026-11-20T16:44:38Z', -1),
    a: fc.constantFrom('x', 7, 'é', 1e21, true, null),
  })
  .map((fields) => Buffer.from(JSON.stringify(fields)));

function plainRule(): ReturnType<typeof rule> {
  return rule({
    event_transaction_id: '${id}',
    event_subscription_id: '${sub}',
    event_timestamp: '${t}',
    event_properties: { a: '${a}', text: 'is ${a ?? none}' },
  });
}

/** As the collector does it, but with a limit of events that is met more often. */
function mapBlock(mapper: LineMapper, bytes: Buffer, range: OpenRange, mostAtOnce: number): void {
  for (let start = 0; start < bytes.length;) {
    const most = (range.parts[0]?.events ?? 0) + mostAtOnce;
    const next = mapper.mapRun(bytes, start, start, range, most);
    if (next > start) {
      start = next;
      continue;
    }
    const end = mapper.lineEnd(bytes, start);
    range.begin(bytes, start, end, start, false);
    range.counts[mapper.map(bytes, start, end, { generation: GENERATION, offset: start }, range)]++;
    range.counts.lines++;
    start = end + 1;
  }
}

it('the lines of these tests take all paths and have all outcomes', () => {
  const seen = new Map<string, number>();
  const twins = new Twins({ ...optionsFor('json', 'all'), rules: RULES.slice(1) });
  for (const bytes of fc.sample(line, { numRuns: 2000, seed: 3 })) {
    const { path, fast } = twins.map(bytes);
    const key = `${path} ${fast.outcome}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  const expected = ['skeleton mapped', 'scan mapped', 'parse mapped', 'parse dead', 'scan skipped'];
  expect([...seen].flatMap(([key, times]) => (times > 10 ? [key] : []))).toEqual(
    expect.arrayContaining(expected),
  );
});
