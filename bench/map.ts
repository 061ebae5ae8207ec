/**
 * How fast lines become events: `node bench/map.ts [lines]`. The plain loop over `JSON.parse` is the yardstick; the
 * mapper is measured by path, on the same lines, in one process. Median of the rounds, in nanoseconds of CPU time.
 */
import { KernelMemory, taken } from '../src/kernel/memory.ts';
import { compileMapper, compilePlainMapper } from '../src/map/compile.ts';
import type { MapperOptions } from '../src/map/compile.ts';
import { OpenRange } from '../src/spool/open-range.ts';
import { SpareBuffers, spareBytes } from '../src/spool/spare-buffers.ts';
import type { Generation, LineMapper } from '../src/types.ts';
import { kongLines, nginxLines } from './generate.ts';
import type { LineGenerator } from './generate.ts';
import { KONG_RULES } from './kong-rules.ts';

const ROUNDS = 7;
const NEWLINE = 0x0a;
/** Of a chunk, which is emptied when it is full. */
const CHUNK_EVENTS = 4000;

const GENERATION: Generation = {
  dev: '1',
  ino: '2',
  fingerprint: '0123456789abcdef0123456789abcdef',
  fingerprintBytes: 595,
  path: 'access.log',
};

/** The event of the comparison with other shippers. */
const CALLS = {
  name: 'calls',
  event_code: 'api_calls',
  event_transaction_id: '${request_id}',
  event_subscription_id: '${http_x_consumer_username}',
  event_properties: {
    method: '${request_method}',
    status: '${status}',
    route_id: '${route_id}',
    service_id: '${service_id}',
    bytes: '${bytes_sent}',
    request_time: '${request_time}',
  },
  to: 'lago',
};

interface Case {
  readonly name: string;
  readonly lines: LineGenerator;
  readonly options: MapperOptions;
}

const shared = { match: 'all', destinations: ['lago'] } as const;
const CASES: readonly Case[] = [
  { name: 'nginx, one rule', lines: nginxLines, options: { ...shared, format: 'nginx', rules: [CALLS] } },
  {
    name: 'nginx, two filters',
    lines: nginxLines,
    options: {
      ...shared,
      format: 'nginx',
      rules: [
        {
          ...CALLS,
          filter: [
            ['status', '<', 400],
            ['uri', '~~', '^/v1/'],
          ],
        },
      ],
    },
  },
  {
    name: 'nginx, ${log_id}',
    lines: nginxLines,
    options: { ...shared, format: 'nginx', rules: [{ ...CALLS, event_transaction_id: '${log_id}' }] },
  },
  {
    name: 'nginx, shuffled keys',
    lines: shuffled,
    options: { ...shared, format: 'nginx', rules: [CALLS] },
  },
  {
    name: 'kong, two rules',
    lines: kongLines,
    options: {
      ...shared,
      format: 'kong-file-log',
      rules: KONG_RULES,
    },
  },
];

/** The same fields, in an order that no two neighbouring lines share. */
function* shuffled(count: number): Generator<string> {
  let turn = 0;
  for (const line of nginxLines(count)) {
    const members = line.slice(1, -2).split(/,(?=")/);
    const at = (turn++ * 5) % members.length;
    yield `{${[...members.slice(at), ...members.slice(0, at)].join(',')}}\n`;
  }
}

/** Nanoseconds of CPU per line. @param all Does the work for all lines, and says how many they were. */
function measure(all: () => number): number {
  const before = process.cpuUsage();
  const lines = all();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / lines;
}

/** Calls `each` for each line. */
function splitting(bytes: Buffer, each: (start: number, end: number) => void): () => number {
  return () => {
    let lines = 0;
    for (let start = 0; start < bytes.length; lines++) {
      const end = bytes.indexOf(NEWLINE, start);
      each(start, end);
      start = end + 1;
    }
    return lines;
  };
}

/** Maps as the collector of the spool does, from a block into a chunk, and throws full chunks away. */
function mapping(mapper: LineMapper, bytes: Buffer, spare: SpareBuffers): () => number {
  return () => {
    let lines = 0;
    let range = new OpenRange('bench', GENERATION, 0, 0, spare);
    for (let start = 0; start < bytes.length;) {
      const next = mapper.mapRun(bytes, start, start, range, CHUNK_EVENTS);
      if (next > start) start = next;
      else {
        const end = mapper.lineEnd(bytes, start);
        range.begin(bytes, start, end, start, false);
        range.counts[mapper.map(bytes, start, end, { generation: GENERATION, offset: start }, range)]++;
        range.counts.lines++;
        start = end + 1;
      }
      if (range.mostEvents < CHUNK_EVENTS && start < bytes.length) continue;
      if (range.failures.length > 0) throw new Error(range.failures[0]!.failure.message);
      lines += range.counts.lines;
      range.recycle();
      range = new OpenRange('bench', GENERATION, start, 0, spare);
    }
    return lines;
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

const count = Number(process.argv[2] ?? 100_000);
for (const { name, lines, options } of CASES) {
  const text = Buffer.from([...lines(count)].join(''));
  const memory = new KernelMemory({ blocks: taken(text.length) + spareBytes });
  const { buffer: bytes } = memory.block(text.length);
  text.copy(bytes);
  const spare = new SpareBuffers(memory);
  const fast = compileMapper({ ...options, memory });
  const contenders: readonly (readonly [name: string, all: () => number])[] = [
    ['split only', splitting(bytes, () => {})],
    [
      'JSON.parse loop',
      splitting(bytes, (start, end) => void JSON.parse(bytes.toString('utf8', start, end))),
    ],
    ['plain mapper', mapping(compilePlainMapper(options), bytes, spare)],
    ['fast mapper', mapping(fast, bytes, spare)],
  ];
  const rounds = contenders.map((): number[] => []);
  // In turns, so that whatever else the machine does hits all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, [, all]] of contenders.entries()) rounds[index]!.push(measure(all));
  }
  const length = bytes.length / count;
  const { skeleton, scan, parse } = fast.paths;
  console.log(`\n${name}: ${length.toFixed(0)} bytes a line; ${JSON.stringify({ skeleton, scan, parse })}`);
  for (const [index, [contender]] of contenders.entries()) {
    const nanoseconds = median(rounds[index]!);
    const perSecond = Math.round(1e9 / nanoseconds).toLocaleString('en-US');
    console.log(
      `  ${contender.padEnd(16)} ${nanoseconds.toFixed(0).padStart(6)} ns/line ${perSecond.padStart(12)} lines/s` +
        ` ${(nanoseconds / length).toFixed(2).padStart(6)} ns/byte`,
    );
  }
}
