/**
 * How fast lines become events: `node bench/map.ts [lines]`. The plain loop over `JSON.parse` is the yardstick; the
 * mapper is measured by path, on the same lines, in one process. Median of the rounds, in nanoseconds of CPU time.
 */
import { ByteWriter } from '../src/bytes.ts';
import { compileMapper, compilePlainMapper } from '../src/map/compile.ts';
import type { MapperOptions } from '../src/map/compile.ts';
import type { Generation, LineFailure, LineMapper, LineSink } from '../src/types.ts';
import { kongLines, nginxLines } from './generate.ts';
import type { LineGenerator } from './generate.ts';
import { KONG_RULES } from './kong-rules.ts';

const ROUNDS = 7;
const NEWLINE = 0x0a;
/** Size of the open chunk, which is emptied when it is full. */
const CHUNK_BYTES = 1024 * 1024;

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

/** Counts, and throws the events away. */
class Discard implements LineSink {
  readonly chunk = new ByteWriter(CHUNK_BYTES);
  events = 0;

  writer(): ByteWriter {
    if (this.chunk.length > CHUNK_BYTES / 2) this.chunk.length = 0;
    return this.chunk;
  }

  event(): void {
    this.chunk.byte(NEWLINE);
    this.events++;
  }

  dead(failure: LineFailure): void {
    throw new Error(failure.message);
  }
}

type EachLine = (bytes: Buffer, start: number, end: number) => void;

/** Nanoseconds of CPU per line. */
function measure(bytes: Buffer, each: EachLine): number {
  let lines = 0;
  const before = process.cpuUsage();
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, start);
    each(bytes, start, end);
    lines++;
    start = end + 1;
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / lines;
}

function mapping(mapper: LineMapper): EachLine {
  const sink = new Discard();
  return (bytes, start, end) => {
    mapper.map(bytes, start, end, { generation: GENERATION, offset: start }, sink);
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

const count = Number(process.argv[2] ?? 100_000);
for (const { name, lines, options } of CASES) {
  const bytes = Buffer.from([...lines(count)].join(''));
  const fast = compileMapper(options);
  const contenders: readonly (readonly [name: string, each: EachLine])[] = [
    ['split only', () => {}],
    ['JSON.parse loop', (line, start, end) => void JSON.parse(line.toString('utf8', start, end))],
    ['plain mapper', mapping(compilePlainMapper(options))],
    ['fast mapper', mapping(fast)],
  ];
  const rounds = contenders.map((): number[] => []);
  // In turns, so that whatever else the machine does hits all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, [, each]] of contenders.entries()) rounds[index]!.push(measure(bytes, each));
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
