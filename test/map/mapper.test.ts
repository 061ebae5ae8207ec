import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { compileMapper } from '../../src/map/compile.ts';
import { mapLine, mapperOf, rule } from './harness.ts';

const LINE = '{"id":"t1","sub":"s1","t":1795193078.5}';

describe('an event', () => {
  it('has its keys in the order that Lago documents, and no properties unless the rule has some', () => {
    expect(mapLine(mapperOf(), LINE)).toEqual({
      outcome: 'mapped',
      events: [
        {
          destination: 0,
          json: '{"transaction_id":"t1","external_subscription_id":"s1","code":"test","timestamp":1795193078.5}',
        },
      ],
      dead: [],
    });
    const full = mapperOf({ event_properties: { b: '1', a: '${t}' }, precise_total_amount_cents: '${t}' });
    expect(mapLine(full, LINE).events[0]?.json).toBe(
      '{"transaction_id":"t1","external_subscription_id":"s1","code":"test","timestamp":1795193078.5,' +
        '"precise_total_amount_cents":"1795193078.5","properties":{"b":"1","a":1795193078.5}}',
    );
    expect(mapLine(mapperOf({ event_properties: {} }), LINE).events[0]?.json).toMatch(
      /,"properties":\{\}\}$/,
    );
  });

  it('escapes what needs it, in keys, codes and values', () => {
    const mapper = mapperOf({ event_code: 'a"b', event_properties: { 'k"\n': '${v}' } });
    const { events } = mapLine(
      mapper,
      String.raw`{"id":"a\"\\\/é","sub":"a\"\\\/é","v":"\u001f\/é\u0000","t":1}`,
    );
    expect(events[0]?.json).toBe(
      String.raw`{"transaction_id":"a\"\\/é","external_subscription_id":"a\"\\/é"` +
        String.raw`,"code":"a\"b","timestamp":1,"properties":{"k\"\n":"\u001f/é` +
        '\ufffd"}}',
    );
  });

  it('is the same bytes each time', () => {
    const mapper = mapperOf({ event_transaction_id: '${log_id}', event_properties: { p: '${sub}' } });
    const first = mapLine(mapper, LINE, 40);
    mapLine(mapper, '{"other":"line"}', 90);
    expect(mapLine(mapper, LINE, 40)).toEqual(first);
  });
});

describe('a line without what an event needs is a dead letter', () => {
  it.each([
    [{}, '{"sub":"s","t":1}', 'missing_transaction_id', 'the line has no value for ${id}'],
    [{}, '{"id":"","sub":"s","t":1}', 'missing_transaction_id', 'the line has no value for ${id}'],
    [{}, '{"id":" \\t","sub":"s","t":1}', 'missing_transaction_id', 'the line has no value for ${id}'],
    [{}, '{"id":"i","sub":null,"t":1}', 'missing_subscription', 'the line has no value for ${sub}'],
    [
      { event_subscription_id: 'cus_${sub}' },
      '{"id":"i","t":1}',
      'missing_subscription',
      'the line has no value for cus_${sub}',
    ],
    [
      { event_transaction_id: 'r-${id}-$x' },
      '{"sub":"s","t":1}',
      'missing_transaction_id',
      'the line has no value for r-${id}-$x',
    ],
    [{}, '{"id":"i","sub":"s"}', 'missing_timestamp', 'no timestamp: ${t} is ""'],
    [{}, '{"id":"i","sub":"s","t":"soon"}', 'invalid_timestamp', 'not a point in time: ${t} is "soon"'],
    [{}, '{"id":"i","sub":"s","t":-5}', 'invalid_timestamp', 'not a point in time: ${t} is "-5"'],
    [
      { precise_total_amount_cents: '${c}' },
      '{"id":"i","sub":"s","t":1,"c":"12,5"}',
      'invalid_property',
      'precise_total_amount_cents is not a decimal number: "12,5"',
    ],
    [
      { precise_total_amount_cents: '${c}' },
      '{"id":"i","sub":"s","t":1}',
      'invalid_property',
      'precise_total_amount_cents is not a decimal number: ""',
    ],
    [
      { precise_total_amount_cents: '${c}' },
      '{"id":"i","sub":"s","t":1,"c":1e26}',
      'invalid_property',
      'precise_total_amount_cents is not a decimal number: "1e26"',
    ],
    [
      {},
      `{"id":"${'é'.repeat(513)}","sub":"s","t":1}`,
      'invalid_property',
      'transaction_id is longer than 1024 bytes',
    ],
    [
      {},
      `{"id":"i","sub":"${'x'.repeat(1025)}","t":1}`,
      'invalid_property',
      'external_subscription_id is longer than 1024 bytes',
    ],
  ])('%j of %s: %s', (parts, line, reason, message) => {
    const { outcome, events, dead } = mapLine(mapperOf(parts), line);
    expect({ outcome, events }).toEqual({ outcome: 'dead', events: [] });
    expect(dead).toEqual([expect.objectContaining({ reason, message, rule: 'calls' })]);
  });

  it('without a copy of what stands in the line', () => {
    const mapper = mapperOf({ event_properties: { n: '${n}' } });
    const [failure] = mapLine(mapper, '{"id":"i","t":1.5,"n":2}').dead;
    expect(Object.keys(failure ?? {}).toSorted()).toEqual(['message', 'reason', 'rule']);
  });

  it('a part of an id that is there is enough, and so is a default or a literal', () => {
    const line = '{"id":"i","t":1}';
    const ids = ['${id}-${missing}', '${missing ?? none}', 'everybody'];
    const given = ids.map((id) => mapLine(mapperOf({ event_subscription_id: id }), line).events[0]?.json);
    expect(given.map((json) => /subscription_id":"([^"]*)"/.exec(json ?? '')?.[1])).toEqual([
      'i-',
      'none',
      'everybody',
    ]);
  });

  it('a line that is no JSON has no rule', () => {
    expect(mapLine(mapperOf(), 'hello')).toEqual({
      outcome: 'dead',
      events: [],
      dead: [
        { reason: 'not_json', message: 'not a JSON object: expected a value at position 0, near "hello"' },
      ],
    });
  });

  it('1024 bytes are not too long', () => {
    expect(mapLine(mapperOf(), `{"id":"${'é'.repeat(512)}","sub":"s","t":1}`).outcome).toBe('mapped');
  });
});

function line(x: number): string {
  return `{"id":"i","sub":"s","t":1,"x":${x}}`;
}

describe('several rules', () => {
  const rules = [
    rule({ name: 'a', filter: [['x', '>', 0]], to: 'one' }),
    rule({ name: 'b', filter: [['x', '>', 1]], event_transaction_id: '${id}-b', to: 'two' }),
    rule({
      name: 'c',
      filter: [['x', '>', 2]],
      event_subscription_id: '${nobody}',
      event_transaction_id: '${id}-c',
      to: 'one',
    }),
  ];
  const destinations = ['two', 'one'];

  it('each give an event to their destination with match: all', () => {
    const mapper = compileMapper({ rules, match: 'all', destinations, format: 'json' });
    expect(mapLine(mapper, line(0)).outcome).toBe('skipped');
    expect(mapLine(mapper, line(2)).events.map(({ destination }) => destination)).toEqual([1, 0]);
  });

  it('count a line as mapped when one event could be made, dead letters or not', () => {
    const mapper = compileMapper({ rules, match: 'all', destinations, format: 'json' });
    const { outcome, events, dead } = mapLine(mapper, line(3));
    expect({ outcome, events: events.length, dead: dead.map((failure) => failure.rule) }).toEqual({
      outcome: 'mapped',
      events: 2,
      dead: ['c'],
    });
    const reversed = compileMapper({ rules: rules.toReversed(), match: 'all', destinations, format: 'json' });
    expect(mapLine(reversed, line(3)).outcome).toBe('mapped');
  });

  it('stop at the first that fits with match: first, also when it gives a dead letter', () => {
    const first = compileMapper({ rules, match: 'first', destinations, format: 'json' });
    expect(mapLine(first, line(3)).events.map(({ destination }) => destination)).toEqual([1]);
    const reversed = compileMapper({
      rules: rules.toReversed(),
      match: 'first',
      destinations,
      format: 'json',
    });
    expect(mapLine(reversed, line(3))).toMatchObject({ outcome: 'dead', events: [] });
  });
});

describe('a window', () => {
  const options = { window: { sinceMs: 1000, untilMs: 2000 } };

  it.each([
    ['0.999', 'skipped'],
    ['1', 'mapped'],
    ['1.999', 'mapped'],
    ['2', 'skipped'],
    ['"x"', 'dead'],
  ])('at %s the line is %s', (t, outcome) => {
    expect(mapLine(mapperOf({}, options), `{"id":"i","sub":"s","t":${t}}`).outcome).toBe(outcome);
  });

  it('passes over lines outside it, whatever else is wrong with them', () => {
    expect(mapLine(mapperOf({}, options), '{"t":5}')).toEqual({ outcome: 'skipped', events: [], dead: [] });
  });
});

describe('the default timestamp is the start of the request', () => {
  it.each([
    [
      'nginx',
      '{"msec":1795193078.206,"request_time":0.057,"time_iso8601":"2000-01-01T00:00:00Z"}',
      '1795193078.149',
    ],
    ['nginx', '{"msec":"1795193078.206","request_time":"0.206"}', '1795193078'],
    ['nginx', '{"msec":1795193078.206}', '1795193078.206'],
    [
      'nginx',
      '{"msec":"-","time_iso8601":"2026-11-20T16:44:38+00:00","request_time":0.250}',
      '1795193077.75',
    ],
    ['apisix', '{"time_local":"20/Nov/2026:16:44:38 +0000","request_time":"-"}', '1795193078'],
    ['apisix', '{"time":"2026-11-20T16:44:38+00:00"}', '1795193078'],
    ['apisix', '{"@timestamp":"2026-11-20T16:44:38+00:00"}', '1795193078'],
    [
      'nginx',
      '{"msec":"x","time":"2026-11-20T16:44:38+00:00"}',
      'invalid_timestamp: not a point in time: msec is "x", request_time is ""',
    ],
    [
      'nginx',
      '{"msec":1795193078.206,"request_time":"0.1, 0.2"}',
      'invalid_timestamp: not a point in time: msec is "1795193078.206", request_time is "0.1, 0.2"',
    ],
    [
      'nginx',
      '{"msec":1,"request_time":2}',
      'invalid_timestamp: not a point in time: msec is "1", request_time is "2"',
    ],
    [
      'nginx',
      '{}',
      'missing_timestamp: no timestamp: the line has none of msec, time_iso8601, time_local, time, @timestamp, timestamp',
    ],
    ['apisix-file-logger', '{"start_time":1795193078206}', '1795193078.206'],
    ['kong-file-log', '{"started_at":1795193078206}', '1795193078.206'],
    ['litellm', '{"startTime":1795193078.206999}', '1795193078.206'],
    [
      'json',
      '{"msec":1795193078.206}',
      'missing_timestamp: no timestamp: its format has none, and the rule no event_timestamp',
    ],
  ] as const)('%s %s: %s', (format, line, expected) => {
    const parts = rule({ event_transaction_id: '${log_id}', event_subscription_id: 's' });
    const { event_timestamp: _, ...timeless } = parts;
    const mapper = compileMapper({ rules: [timeless], match: 'all', destinations: ['lago'], format });
    const { events, dead } = mapLine(mapper, line);
    const [failure] = dead;
    const result = failure
      ? `${failure.reason}: ${failure.message}`
      : /"timestamp":([\d.]+)/.exec(events[0]?.json ?? '')?.[1];
    expect(result).toBe(expected);
  });
});

function broken(): unknown {
  return mapperOf({ filter: [['a', '?', 1]], to: 'nowhere' });
}

it('rules that cannot be compiled are refused with all their problems', () => {
  expect(broken).toThrow(ConfigError);
  expect(broken).toThrow(/rules\[0\]\.to: .*\n.*rules\[0\]\.filter\[0\]: /);
});

it('no bytes make it throw, each line has one outcome, and events are JSON', () => {
  const mapper = mapperOf(
    {
      filter: ['OR', ['a', '~*', 'x|y'], ['b', '<', 5], ['request.headers.c', '!', 'in', [1, '2']]],
      event_transaction_id: '${log_id}${a ?? }',
      event_subscription_id: '${arg_s ?? some}body',
      event_timestamp: '${t ?? 1}',
      event_properties: { a: '${a}', u: '${uri}', c: '${cookie_x}', h: '${http_a}' },
    },
    { format: 'nginx' },
  );
  const names = fc.constantFrom('a', 'b', 't', 'args', 'request', 'request_uri', 'http_cookie', '__proto__');
  const lines = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc.dictionary(names, fc.jsonValue()).map((fields) => Buffer.from(JSON.stringify(fields))),
  );
  fc.assert(
    fc.property(lines, (bytes) => {
      const { outcome, events, dead } = mapLine(mapper, bytes);
      const expected = events.length > 0 ? 'mapped' : dead.length > 0 ? 'dead' : 'skipped';
      expect(outcome).toBe(expected);
      for (const { json } of events) {
        expect(json.startsWith('{"transaction_id":"')).toBe(true);
        JSON.parse(json);
      }
      expect(mapLine(mapper, bytes)).toEqual({ outcome, events, dead });
    }),
    { numRuns: 1000 },
  );
});
