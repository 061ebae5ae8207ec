/**
 * Each stage alone, on one core, beside the least that its step can cost: a stage can only be as fast as that. What
 * is compared does the same work on the same bytes, without the stage's guarantees.
 */
import { closeSync, fdatasyncSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Pool } from 'undici';
import { ByteWriter } from '../src/bytes.ts';
import { systemClock } from '../src/clock.ts';
import { parseConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/types.ts';
import { KernelMemory, taken } from '../src/kernel/memory.ts';
import { compileMapper } from '../src/map/compile.ts';
import { Shipper } from '../src/ship/shipper.ts';
import { OpenRange } from '../src/spool/open-range.ts';
import { SpareBuffers, spareBytes } from '../src/spool/spare-buffers.ts';
import { diskFs } from '../src/spool/state-fs.ts';
import { readFinished } from '../src/tail/finished.ts';
import type {
  DeliveryQueue,
  Generation,
  LineConsumer,
  LineMapper,
  LineSink,
  LoadedChunk,
  PathCounts,
  SealedChunk,
} from '../src/types.ts';
import { configOf, freshFolder } from './job.ts';
import { startSink } from './sink.ts';
import { median } from './table.ts';
import { NO_LIMITS } from '../src/time-limits.ts';

export interface StageResult {
  readonly stage: string;
  /** What the stage does, and the limit, in events (lines) per second. */
  readonly perSecond: number;
  readonly limit: string;
  readonly limitPerSecond: number;
  readonly note?: string;
}

const GENERATION: Generation = {
  dev: '0',
  ino: '0',
  fingerprint: '0'.repeat(32),
  fingerprintBytes: 1,
  path: '',
};
const NEWLINE = 0x0a;
const BLOCK_BYTES = 512 * 1024;
const CHUNK_EVENTS = 2000;

/** The median rate of `runs` runs, after one that warms up. */
async function rate(runs: number, count: number, run: () => unknown): Promise<number> {
  const seconds: number[] = [];
  for (let i = 0; i <= runs; i++) {
    const start = performance.now();
    await run();
    if (i > 0) seconds.push((performance.now() - start) / 1000);
  }
  return count / median(seconds);
}

export async function measureStages(log: string, lines: number, runs: number): Promise<StageResult[]> {
  const config = parseConfig(
    JSON.stringify(configOf({ port: 1, stateDir: '/unused', logs: [log] })),
    'bench',
  );
  const { chunk, paths } = sampleChunk(log, mapperOf(config));
  return [
    await readStage(log, lines, runs),
    await mapStage(log, lines, runs, config, paths),
    await sealStage(chunk, runs),
    await shipStage(chunk, runs, config),
  ];
}

const mapperOf = ({ rules, match, destinations }: Config, memory = new KernelMemory()): LineMapper =>
  compileMapper({
    rules,
    match,
    destinations: destinations.map(({ name }) => name),
    format: 'nginx',
    memory,
  });

async function readStage(log: string, lines: number, runs: number): Promise<StageResult> {
  let seen = 0;
  const consumer: LineConsumer = {
    lines: ({ bytes }) => {
      for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) seen++;
    },
    oversize: () => {},
    ended: () => {},
  };
  const perSecond = await rate(runs, lines, () =>
    readFinished([log], { source: log, maxLineBytes: 1 << 20, consumer }),
  );
  if (seen !== lines * (runs + 1)) throw new Error(`${seen} lines instead of ${lines * (runs + 1)}`);
  const limitPerSecond = await rate(runs, lines, () => forEachBlock(log, () => {}));
  return { stage: 'read + split', perSecond, limit: 'plain reads', limitPerSecond };
}

async function mapStage(
  log: string,
  lines: number,
  runs: number,
  config: Config,
  paths: string,
): Promise<StageResult> {
  const memory = new KernelMemory({ blocks: taken(BLOCK_BYTES) + spareBytes });
  const mapper = mapperOf(config, memory);
  const spare = new SpareBuffers(memory);
  const { buffer } = memory.block(BLOCK_BYTES);
  const perSecond = await rate(runs, lines, () =>
    forEachBlock(
      log,
      (bytes, count, offset) => {
        const whole = bytes.subarray(0, bytes.lastIndexOf(NEWLINE, count - 1) + 1);
        // A block gives less than a chunk.
        const range = new OpenRange(log, GENERATION, offset, 0, spare);
        for (let start = 0; start < whole.length;) {
          const next = mapper.mapRun(whole, start, offset + start, range, CHUNK_EVENTS);
          if (next > start) start = next;
          else {
            const end = mapper.lineEnd(whole, start);
            mapper.map(whole, start, end, { generation: GENERATION, offset: offset + start }, range);
            start = end + 1;
          }
        }
        if (range.failures.length > 0) throw new Error(range.failures[0]!.failure.message);
        range.recycle();
        return whole.length;
      },
      buffer,
    ),
  );
  const limitPerSecond = await rate(runs, lines, () => parseEach(log, lines));
  return { stage: 'parse + map', perSecond, limit: 'JSON.parse of each line', limitPerSecond, note: paths };
}

/** The least that a program in JavaScript can do with the lines: makes an object of each, and does nothing with it. */
function parseEach(log: string, lines: number): void {
  let parsed = 0;
  forEachLine(log, (bytes, start, end) => {
    const { status } = JSON.parse(bytes.toString('utf8', start, end)) as { status: number };
    if (status > 0) parsed++;
  });
  if (parsed !== lines) throw new Error(`${parsed} lines with a status instead of ${lines}`);
}

/** CPU seconds that `parseEach` takes for a million lines, here and now: what others are compared with across machines. */
export function plainParseCpu(log: string, lines: number): number {
  const before = process.cpuUsage();
  parseEach(log, lines);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / lines;
}

/** A chunk's worth of events, and which share of their lines took which path. */
function sampleChunk(log: string, mapper: LineMapper): { chunk: LoadedChunk; paths: string } {
  const body = new ByteWriter(1 << 20);
  const starts = new Uint32Array(CHUNK_EVENTS + 1);
  const lineOffsets = new Float64Array(CHUNK_EVENTS);
  let events = 0;
  const sink: LineSink = {
    limits: NO_LIMITS,
    writer: () => body,
    event: () => {
      body.byte(NEWLINE);
      starts[++events] = body.length;
    },
    dead: ({ message }) => {
      throw new Error(message);
    },
  };
  forEachLine(log, (bytes, start, end, offset) => {
    if (events === CHUNK_EVENTS) return;
    lineOffsets[events] = offset;
    mapper.map(bytes, start, end, { generation: GENERATION, offset }, sink);
  });
  if (events < CHUNK_EVENTS) throw new Error(`the log must have ${CHUNK_EVENTS} lines`);
  const sealed: SealedChunk = {
    destination: 'lago',
    sequence: 1,
    file: 'bench',
    bytes: body.length,
    events,
    fingerprint: GENERATION.fingerprint,
    from: 0,
    to: statSync(log).size,
    checksum: crc32(body.written()),
  };
  return {
    chunk: {
      chunk: sealed,
      source: log,
      generation: GENERATION,
      body: Buffer.from(body.written()),
      starts,
      lineOffsets,
    },
    paths: sharesOf(mapper.paths),
  };
}

export function sharesOf(paths: Readonly<PathCounts>): string {
  const counts = Object.entries<number>({ ...paths });
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  return counts.map(([path, count]) => `${path} ${((100 * count) / all).toFixed(1)}%`).join(', ');
}

/** As the spool makes a chunk durable: its file, its name, its folder. */
async function sealStage({ body }: LoadedChunk, runs: number): Promise<StageResult> {
  const folder = freshFolder('seal');
  const rounds = 50;
  let next = 0;
  const perSecond = await rate(runs, rounds * CHUNK_EVENTS, async () => {
    for (let i = 0; i < rounds; i++) {
      const file = join(folder, String(next++));
      await diskFs.write(`${file}.tmp`, [body]);
      await diskFs.rename(`${file}.tmp`, file);
      await diskFs.syncDir(folder);
    }
  });
  const limitPerSecond = await rate(runs, rounds * CHUNK_EVENTS, () => {
    const file = openSync(join(folder, 'plain'), 'w');
    for (let i = 0; i < rounds; i++) {
      writeSync(file, body);
      fdatasyncSync(file);
    }
    closeSync(file);
  });
  freshFolder('seal');
  return { stage: 'seal', perSecond, limit: 'append + fdatasync to one file', limitPerSecond };
}

async function shipStage(sample: LoadedChunk, runs: number, config: Config): Promise<StageResult> {
  const chunks = 100;
  const events = chunks * CHUNK_EVENTS;
  const [destination] = config.destinations;
  if (destination === undefined) throw new Error('no destination');
  const sink = await startSink({ capacity: 1_000_000 });
  const address = `http://127.0.0.1:${sink.port}`;
  const perSecond = await rate(runs, events, async () => {
    const shipper = new Shipper({
      destination: { ...destination, endpoint_addrs: [address] },
      queue: queueOf(sample, chunks),
      reporter: { report: ({ event }) => console.error(event) },
      clock: systemClock,
      version: 'bench',
    });
    shipper.start();
    await shipper.idle();
    await shipper.stop(0);
  });
  const request = requestOf(sample);
  const pool = new Pool(address, { connections: 4 });
  const limitPerSecond = await rate(runs, events, async () => {
    let left = events / 100;
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        const answer = await pool.request({ method: 'POST', path: '/', body: request });
        await answer.body.dump();
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
  });
  await pool.close();
  await sink.stop();
  return { stage: 'ship', perSecond, limit: 'ready bodies through undici', limitPerSecond };
}

/** Gives the same chunk again and again. */
function queueOf(sample: LoadedChunk, chunks: number): DeliveryQueue {
  let taken = 0;
  return {
    take: (limit) =>
      Array.from({ length: Math.min(limit, chunks - taken) }, () => ({ ...sample.chunk, sequence: ++taken })),
    load: (chunk) => Promise.resolve({ ...sample, chunk, body: Buffer.from(sample.body) }),
    restore: (_chunk, cause) => Promise.reject(cause),
    bury: () => Promise.reject(new Error('the sink takes everything')),
    settled: () => {},
  };
}

function requestOf({ body, starts }: LoadedChunk): Buffer {
  const events = body.toString('utf8', 0, starts[100]! - 1).replaceAll('\n', ',');
  return Buffer.from(`{"events":[${events}]}`);
}

/** Reads a file a block at a time into one buffer; `take` says how many bytes it is done with. */
function forEachBlock(
  path: string,
  take: (bytes: Buffer, count: number, offset: number) => number | void,
  bytes: Buffer = Buffer.allocUnsafe(BLOCK_BYTES),
): void {
  const file = openSync(path, 'r');
  for (let offset = 0, count; (count = readSync(file, bytes, 0, bytes.length, offset)) > 0;) {
    offset += take(bytes, count, offset) ?? count;
  }
  closeSync(file);
}

function forEachLine(
  path: string,
  take: (bytes: Buffer, start: number, end: number, offset: number) => void,
): void {
  forEachBlock(path, (bytes, count, offset) => {
    const last = bytes.lastIndexOf(NEWLINE, count - 1) + 1;
    for (let start = 0; start < last;) {
      const end = bytes.indexOf(NEWLINE, start);
      take(bytes, start, end, offset + start);
      start = end + 1;
    }
    return last;
  });
}
