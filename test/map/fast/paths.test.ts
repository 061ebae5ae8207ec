/** Which lines stay on a fast path: what is slow must stay rare. */
import { describe, expect, it } from 'vitest';
import { kongLines, nginxLines } from '../../../bench/generate.ts';
import { KernelMemory } from '../../../src/kernel/memory.ts';
import { compileMapper } from '../../../src/map/compile.ts';
import type { MapperOptions } from '../../../src/map/compile.ts';
import { CollectingSink, GENERATION, mapLine, rule } from '../harness.ts';
import { Twins } from './harness.ts';

const { event_timestamp: _, ...timeless } = rule();
const CALLS = {
  ...timeless,
  event_transaction_id: '${request_id}',
  event_subscription_id: '${http_x_consumer_username}',
  event_properties: { status: '${status}', agent: '${http_user_agent}', plan: '${http_x_plan ?? free}' },
};

function nginx(parts: object = {}): MapperOptions {
  return { rules: [{ ...CALLS, ...parts }], match: 'all', destinations: ['lago'], format: 'nginx' };
}

const KONG: MapperOptions = {
  rules: [
    {
      ...timeless,
      filter: [
        ['uri', '~~', '^/v1/'],
        ['ai.proxy.usage.total_tokens', '>', 0],
      ],
      event_transaction_id: '${request_id}-tokens',
      event_subscription_id: '${consumer_name}',
      event_properties: {
        team: '${http_x_team}',
        type: '${sent_http_content_type}',
        uri: '${uri}',
        page: '${arg_page ?? 1}',
        ip: '${tries.0.ip}',
        headers: '${request.headers}',
      },
    },
  ],
  match: 'all',
  destinations: ['lago'],
  format: 'kong-file-log',
};

describe('lines of a gateway', () => {
  it.each([
    ['NGINX, with escaped quotes in user agents', nginx(), nginxLines],
    ['NGINX, with ids of the line', nginx({ event_transaction_id: '${log_id}-x' }), nginxLines],
    [
      'NGINX, filtered',
      nginx({
        filter: [
          ['status', '<', 400],
          ['uri', '~~', '^/v1/'],
          ['request_method', 'in', ['GET', 'POST']],
        ],
      }),
      nginxLines,
    ],
    [
      'NGINX, with text around variables',
      nginx({ event_subscription_id: 'cus_${route_id}/${args ?? none}' }),
      nginxLines,
    ],
    ['Kong', KONG, kongLines],
  ])('%s are scanned once and predicted from then on', (_what, options, lines) => {
    const twins = new Twins(options);
    const mapped = [...lines(200)].map((line, index) => twins.map(line.trimEnd(), index * 1000));
    expect(twins.fast.paths).toEqual({ skeleton: 199, scan: 1, parse: 0 });
    expect(mapped.map(({ fast }) => fast)).toEqual(mapped.map(({ plain }) => plain));
    expect(mapped.map(({ fast }) => fast.outcome)).toContain('mapped');
  });
});

const LINE =
  '{"msec":1795193078.206,"request_id":"r","http_x_consumer_username":"acme","status":200,"http_user_agent":"a \\"b\\""}';

describe('after a line with the usual keys', () => {
  it.each([
    ['other values', 'skeleton', LINE.replace('200', '404').replace('acme', 'other')],
    ['a number as text', 'skeleton', LINE.replace('200', '"200"')],
    ['null for a value', 'skeleton', LINE.replace('200', 'null')],
    ['an object for a value', 'skeleton', LINE.replace('200', '{"a":[1,{"b":"}"}]}')],
    ['characters beyond ASCII', 'skeleton', LINE.replace('a \\"', 'é😀')],
    ['escapes that are written otherwise', 'skeleton', LINE.replace('a \\"', '\\u00e9\\/')],
    ['\\r at its end', 'skeleton', `${LINE}\r`],
    ['white space between its tokens', 'scan', LINE.replaceAll(':', ' : ')],
    ['another order', 'scan', LINE.replace(/\{("msec":[^,]*),(.*)\}/, '{$2,$1}')],
    ['one key more', 'scan', LINE.replace('{', '{"more":[],')],
    ['one key less', 'scan', LINE.replace('"status":200,', '')],
    ['a wanted key twice', 'scan', LINE.replace('{', '{"status":1,')],
    ['an escape in a key', 'parse', LINE.replace('status', 'st\\u0061tus')],
    ['what can be repaired', 'parse', LINE.replace('200', '-')],
    ['bytes that are no UTF-8', 'parse', Buffer.from(LINE.replace('acme', '\xff'), 'latin1')],
    ['nobody to bill', 'parse', LINE.replace('acme', '')],
    ['an end that is cut off', 'parse', LINE.slice(0, -1)],
    ['more behind its end', 'parse', `${LINE}}`],
  ])('one with %s takes the path %s', (_what, path, line) => {
    const twins = new Twins(nginx());
    twins.map(LINE);
    const mapped = twins.map(line);
    expect(mapped.path).toBe(path);
    expect(mapped.fast).toEqual(mapped.plain);
  });
});

it('several shapes in turn are all predicted', () => {
  const shapes = [
    LINE,
    LINE.replace('status', 'state'),
    LINE.replace('{', '{"first":1,'),
    LINE.replace('}', ',"last":1}'),
  ];
  const twins = new Twins(nginx());
  for (let round = 0; round < 10; round++) for (const line of shapes) twins.map(line);
  expect(twins.fast.paths).toEqual({ skeleton: 36, scan: 4, parse: 0 });
});

it('a new shape is learned after any number of others', () => {
  const twins = new Twins(nginx());
  for (let line = 0; line < 500; line++) twins.map(LINE.replace('{', `{"k${line}":1,`));
  for (let line = 0; line < 100; line++) twins.map(LINE);
  expect(twins.fast.paths.skeleton).toBeGreaterThan(50);
});

it('two headers of one name are left to the plain mapper; of two members of one name the last counts', () => {
  const twins = new Twins(KONG);
  const line = [...kongLines(1)][0]!.trimEnd();
  const lines = [
    line,
    line.replace('"x-team"', '"X-Team":"first","x-team"'),
    line.replace('"x-team"', '"X-Team":null,"x_team"'),
    line.replace(/\}$/, ',"ai":{"proxy":{"usage":{}}}}'),
  ];
  const mapped = lines.map((each) => twins.map(each));
  expect(mapped.map(({ path }) => path)).toEqual(['scan', 'parse', 'parse', 'scan']);
  expect(mapped.map(({ fast }) => fast)).toEqual(mapped.map(({ plain }) => plain));
  expect(mapped[3]?.fast.outcome).toBe('skipped');
});

it('a line may stand at the very end of its memory', () => {
  const mapper = compileMapper(nginx());
  const memory = new ArrayBuffer(LINE.length);
  const bytes = Buffer.from(memory);
  const sink = new CollectingSink();
  for (const line of [LINE, LINE.replace('200', '404')]) {
    bytes.write(line);
    const place = { generation: GENERATION, offset: 0 };
    expect(mapper.map(bytes, 0, bytes.length, place, sink)).toBe('mapped');
  }
  expect(sink.events.map(({ json }) => /"status":(\d+)/.exec(json)?.[1])).toEqual(['200', '404']);
  expect(mapper.paths).toEqual({ skeleton: 1, scan: 1, parse: 0 });
});

it('what stands behind a line does not matter, not even the rest of a string', () => {
  const mapper = compileMapper(nginx());
  const bytes = Buffer.from(`${LINE}${LINE}`);
  const sink = new CollectingSink();
  const place = { generation: GENERATION, offset: 0 };
  const outcomes = Array.from({ length: LINE.length + 1 }, (_, end) =>
    mapper.map(bytes, 0, end, place, sink),
  );
  expect(outcomes).toEqual(['skipped', ...Array.from({ length: LINE.length - 1 }, () => 'dead'), 'mapped']);
});

it.each([
  ['a literal id', { event_transaction_id: 'one' }],
  ['a literal timestamp', { event_timestamp: '5' }],
  ['an amount of two variables', { precise_total_amount_cents: '${status}${status}' }],
])('a rule with %s is left to the plain mapper, the others are not', (_what, parts) => {
  const twins = new Twins({
    rules: [
      { ...CALLS, ...parts },
      { ...CALLS, name: 'other', event_transaction_id: '${request_id}-2' },
    ],
    match: 'first',
    destinations: ['lago'],
    format: 'nginx',
  });
  const { path, fast, plain } = twins.map(LINE);
  expect({ path, outcome: fast.outcome }).toEqual({ path: 'parse', outcome: 'mapped' });
  expect(fast).toEqual(plain);
  const alone = compileMapper(nginx(parts));
  expect(alone.paths).toEqual({ skeleton: 0, scan: 0, parse: 0 });
});

it('a source whose tables do not fit into the memory of the kernel is mapped the plain way', () => {
  const memory = new KernelMemory({ tables: 1024 });
  const mapper = compileMapper({ ...nginx(), memory });
  expect(mapLine(mapper, LINE)).toEqual(mapLine(compileMapper(nginx()), LINE));
  expect(mapper.paths).toEqual({ skeleton: 0, scan: 0, parse: 1 });
});

it('plain-text logs are parsed', () => {
  const mapper = compileMapper({ ...nginx(), format: { log_format: '$request_id $msec' } });
  mapper.map(Buffer.from('a 1'), 0, 3, { generation: GENERATION, offset: 0 }, new CollectingSink());
  expect(mapper.paths).toEqual({ skeleton: 0, scan: 0, parse: 1 });
});
