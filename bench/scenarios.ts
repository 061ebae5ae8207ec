/** The daemon where speed is not the only question: archives, a slow Lago, little traffic, a backlog. */
import {
  createWriteStream,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { chunkName, layoutOf, parseChunkName, type ChunkName } from '../src/spool/layout.ts';
import { readCheckpoint, writeCheckpoint } from '../src/spool/checkpoint.ts';
import { diskFs } from '../src/spool/state-fs.ts';
import { kongLines, nginxLines } from './generate.ts';
import {
  configOf,
  freshFolder,
  measure,
  measureDaemon,
  start,
  stop,
  TAILMETER,
  warm,
  type Command,
  type JobConfig,
} from './job.ts';
import { KONG_RULES, kongEvents } from './kong-rules.ts';
import { gzipped, kongLog, nginxLog, sizeOf } from './logs.ts';
import { usageOf } from './proc.ts';
import { nowMs, startSink, type SinkProcess } from './sink.ts';
import { slowServers } from './slow-servers.ts';
import { figure, percent, table } from './table.ts';

const MEBIBYTE = 2 ** 20;
/** Of a full chunk. */
const CHUNK_EVENTS = 4000;

/** By name. */
export const SCENARIOS: Readonly<Record<string, () => Promise<string[][]>>> = {
  replay,
  nested,
  slowLago,
  slowServers,
  steady,
  backlog,
  waiting,
};

/** Measures one situation, or all of them. */
export async function measureScenarios(say: (text: string) => void, only?: string): Promise<void> {
  const chosen = Object.entries(SCENARIOS).filter(([name]) => only === undefined || name === only);
  say('\n### Other situations\n');
  const rows: string[][] = [];
  for (const [, scenario] of chosen) rows.push(...(await scenario()));
  say(table(['', 'figure', ''], rows));
}

async function replay(): Promise<string[][]> {
  const lines = 500_000;
  const log = await nginxLog(lines);
  const archive = await gzipped(log);
  warm([log, archive]);
  const rates: number[] = [];
  for (const file of [log, archive]) {
    const cwd = freshFolder('run');
    const run = await measure(lines, {}, ({ port }) => {
      const config = configFile(cwd, { port, logs: [log] });
      return {
        file: process.execPath,
        args: [TAILMETER, 'replay', '-c', config, '--source', log, file],
        cwd,
        endsByItself: true,
      };
    });
    // From the start on: an archive is verified before its first event.
    rates.push(lines / run.seconds);
  }
  const [plain = 0, zipped = 0] = rates;
  return [
    ['replay of a plain log, start and end included, events/s', figure(plain), ''],
    ['replay of the same as .gz, events/s', figure(zipped), `${percent(zipped / plain)} of plain`],
  ];
}

/** Nested lines and two rules with filters beside flat lines and one rule. */
async function nested(): Promise<string[][]> {
  const lines = 300_000;
  const [flatLog, log] = [await nginxLog(1_000_000), await kongLog(lines)];
  warm([flatLog, log]);
  const flat = await measureDaemon(1_000_000, [flatLog]);
  let events = 0;
  for (const line of kongLines(lines)) events += kongEvents(line);
  const cwd = freshFolder('run');
  const prepare = ({ port }: SinkProcess): Command => {
    const config = {
      ...configOf({ port, stateDir: join(cwd, 'state'), logs: [log] }),
      sources: [{ path: log, format: 'kong-file-log' }],
      rules: KONG_RULES,
    };
    writeFileSync(join(cwd, 'tailmeter.yaml'), JSON.stringify(config));
    return { file: process.execPath, args: [TAILMETER, 'run', '-c', join(cwd, 'tailmeter.yaml')], cwd };
  };
  // The flat lines fill their chunks; of these, a part of one is left over.
  const timed = events - CHUNK_EVENTS;
  const run = await measure(events, {}, prepare, timed);
  const rate = (bytes: number, { flowSeconds }: typeof run): number => bytes / 1e6 / flowSeconds;
  const nestedRate = rate(sizeOf(log) * (timed / events), run);
  const flatRate = rate(sizeOf(flatLog), flat);
  return [
    ['nested lines of 1.5 KB, two rules with filters: MB of log/s', figure(nestedRate), ''],
    ['flat lines of 0.6 KB, one rule: MB of log/s', figure(flatRate), ''],
    ['nested to flat, per byte', percent(nestedRate / flatRate), `${figure(events / lines)} events a line`],
  ];
}

async function slowLago(): Promise<string[][]> {
  const events = 300_000;
  const delayMs = 50;
  const concurrency = 16;
  const log = await nginxLog(events);
  warm([log]);
  const run = await measureDaemon(events, [log], { concurrency, sink: { delayMs } });
  // What the link takes, timers and all, told by requests that are always ready.
  const link = await plainRate(delayMs, concurrency);
  // The first `concurrency` requests are on their way when the clock starts.
  const rate = (events - concurrency * 100) / run.flowSeconds;
  return [
    [
      `Lago takes ${delayMs} ms, concurrency ${concurrency}: events/s`,
      figure(rate),
      `${percent(rate / link)} of what plain undici gets through; ${figure(run.usage.peakMiB)} MiB`,
    ],
  ];
}

/** Events per second of requests that are sent without any work between them. */
async function plainRate(delayMs: number, concurrency: number): Promise<number> {
  const sink = await startSink({ capacity: 1000, delayMs });
  const pool = new Pool(`http://127.0.0.1:${sink.port}`, { connections: concurrency });
  const body = Buffer.alloc(27_000, ' ');
  const rounds = 60;
  const one = async (): Promise<void> => {
    for (let i = 0; i < rounds; i++) {
      const answer = await pool.request({ method: 'POST', path: '/', body });
      await answer.body.dump();
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, one));
  const seconds = (performance.now() - start) / 1000;
  await pool.close();
  await sink.stop();
  return (rounds * concurrency * 100) / seconds;
}

/** 1,000 lines a second for a minute, then nothing. In the first half V8 still compiles what turns out to be hot. */
async function steady(): Promise<string[][]> {
  // A part of a chunk is left over, so that the end waits for the timeout.
  const seconds = 61;
  const perSecond = 1000;
  const lines = [...nginxLines(seconds * perSecond)];
  const sink = await startSink({ capacity: lines.length });
  const cwd = freshFolder('run');
  const log = join(cwd, 'access.log');
  writeFileSync(log, '');
  const child = start({
    file: process.execPath,
    args: [TAILMETER, 'run', '-c', configFile(cwd, { port: sink.port, logs: [log], inactiveTimeoutS: 1 })],
    cwd,
  });
  await sleep(2000);
  const writer = createWriteStream(log, { flags: 'a' });
  const before = usageOf(child.pid!).cpuSeconds;
  const startMs = nowMs();
  let written = 0;
  let half: { readonly ms: number; readonly cpuSeconds: number } | undefined;
  // NGINX writes each line when its request ends: a few each 10 ms at this rate.
  while (written < lines.length) {
    const due = Math.min(lines.length, Math.floor(((nowMs() - startMs) / 1000) * perSecond));
    if (due > written) writer.write(lines.slice(written, due).join(''));
    written = due;
    if (written >= lines.length / 2) half ??= { ms: nowMs(), cpuSeconds: usageOf(child.pid!).cpuSeconds };
    await sleep(10);
  }
  const lastWriteMs = nowMs();
  const usage = usageOf(child.pid!);
  const { lastMs } = await sink.reached(lines.length);
  writer.end();
  await stop(child);
  await sink.stop();
  const since = (cpuSeconds: number, ms: number): string =>
    percent((usage.cpuSeconds - cpuSeconds) / ((lastWriteMs - ms) / 1000));
  return [
    [
      'steady 1,000 lines/s: share of a core',
      since(before, startMs),
      `${since(half?.cpuSeconds ?? before, half?.ms ?? startMs)} in the second half minute`,
    ],
    ['steady 1,000 lines/s: RSS, MiB', figure(usage.residentMiB), `${figure(usage.peakMiB)} peak`],
    ['last line to its event at Lago, inactive_timeout 1 s: ms', figure(lastMs - lastWriteMs), ''],
  ];
}

/** What memory holds while a million events wait, and ten, and a hundred, as Lago refuses them. */
async function waiting(): Promise<string[][]> {
  const events = 1_000_000;
  const log = await nginxLog(events);
  warm([log]);
  const cwd = freshFolder('run');
  const stateDir = join(cwd, 'state');
  const rows: string[][] = [];
  for (const millions of [1, 10, 100]) {
    if (millions > 1) await multiply(stateDir, (_, waiting) => waiting >= millions * 1e6);
    const refusing = await startSink({ capacity: events, status: 503 });
    const child = start(daemonOf(cwd, refusing, log));
    while (spooled(stateDir).events < millions * 1e6) await sleep(200);
    await refusing.reached(1);
    // Some rounds of trying again.
    await sleep(10_000);
    const { peakMiB } = usageOf(child.pid!);
    rows.push([`peak RSS while ${figure(millions * 1e6)} events wait, MiB`, figure(peakMiB), '']);
    await stop(child);
    await refusing.stop();
  }
  freshFolder('run');
  return rows;
}

/** Lago refuses while a million events are spooled; then the daemon starts anew with a spool of 10 GB. */
async function backlog(): Promise<string[][]> {
  const events = 1_000_000;
  const log = await nginxLog(events);
  warm([log]);
  const cwd = freshFolder('run');
  const stateDir = join(cwd, 'state');
  const refusing = await startSink({ capacity: 1000, status: 503 });
  const child = start(daemonOf(cwd, refusing, log));
  while (spooled(stateDir).events < events) await sleep(200);
  const small = usageOf(child.pid!);
  await stop(child);
  await refusing.stop();

  const bytes = await multiply(stateDir, (size) => size >= 10_000 * MEBIBYTE);
  const sink = await startSink({ capacity: events });
  const startMs = nowMs();
  const next = start(daemonOf(cwd, sink, log));
  const { firstMs } = await sink.reached(1);
  // All ids were seen after the first million: from then on nothing changes but what memory holds.
  await sink.reached(events);
  await sleep(3000);
  const large = usageOf(next.pid!);
  next.kill('SIGKILL');
  await sink.stop();
  freshFolder('run');
  return [
    ['peak RSS while Lago refuses 1,000,000 events, MiB', figure(small.peakMiB), ''],
    [
      `start with ${figure(bytes / 1e9)} GB of spool: seconds to the first event at Lago`,
      figure((firstMs - startMs) / 1000),
      `then ${figure(large.peakMiB)} MiB peak while it ships`,
    ],
  ];
}

function configFile(cwd: string, options: Pick<JobConfig, 'port' | 'logs'> & Partial<JobConfig>): string {
  const path = join(cwd, 'tailmeter.yaml');
  writeFileSync(path, JSON.stringify(configOf({ stateDir: join(cwd, 'state'), ...options })));
  return path;
}

const daemonOf = (cwd: string, { port }: SinkProcess, log: string): Parameters<typeof start>[0] => ({
  file: process.execPath,
  args: [TAILMETER, 'run', '-c', configFile(cwd, { port, logs: [log] })],
  cwd,
});

function chunksIn(folder: string): ({ name: string } & ChunkName)[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const parsed = parseChunkName(name);
    return parsed === undefined ? [] : [{ name, ...parsed }];
  });
}

function spooled(stateDir: string): { events: number } {
  const chunks = chunksIn(layoutOf(stateDir).chunks('lago'));
  return { events: chunks.reduce((sum, { events }) => sum + events, 0) };
}

/** Gives each chunk more names until that is enough; the checkpoint covers them. Returns the bytes of the spool. */
async function multiply(
  stateDir: string,
  isEnough: (bytes: number, events: number) => boolean,
): Promise<number> {
  const folder = layoutOf(stateDir).chunks('lago');
  mkdirSync(folder, { recursive: true });
  const chunks = chunksIn(folder);
  let sequence = Math.max(...chunks.map((chunk) => chunk.sequence));
  let size = chunks.reduce((sum, { name }) => sum + statSync(join(folder, name)).size, 0);
  const each = size / chunks.length;
  let events = chunks.reduce((sum, chunk) => sum + chunk.events, 0);
  while (!isEnough(size, events)) {
    for (const { name, ...chunk } of chunks) {
      linkSync(join(folder, name), join(folder, chunkName({ ...chunk, sequence: ++sequence })));
      size += each;
      events += chunk.events;
    }
  }
  const checkpoint = await readCheckpoint(diskFs, stateDir, (file, error) => {
    throw new Error(`${file}: ${error.message}`);
  });
  await writeCheckpoint(diskFs, stateDir, { ...checkpoint, sealed_through: sequence });
  return size;
}
