/**
 * The job that everything is measured with: one access log of `generate.ts`, six properties mapped from it, batches
 * of 100, every event durable before it is sent. Here: its configuration, its input files, and one measured run of a
 * process that does it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { usageOf, type Usage } from './proc.ts';
import { nowMs, startSink, type SinkCounts, type SinkOptions, type SinkProcess } from './sink.ts';

export const TAILMETER = fileURLToPath(new URL('../bin/tailmeter.js', import.meta.url));

/** Date, processor and Node, for the head of a table. */
export const machine = (): string =>
  `${new Date().toISOString().slice(0, 10)} · ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'} · Node ${process.version}`;

/** Inputs are kept from run to run; state is not. */
export const WORK = join(tmpdir(), 'tailmeter-bench');

const PROPERTIES = {
  method: '${request_method}',
  status: '${status}',
  route_id: '${route_id}',
  service_id: '${service_id}',
  bytes: '${body_bytes_sent}',
  request_time: '${request_time}',
};

export interface JobConfig {
  readonly port: number;
  readonly stateDir: string;
  readonly logs: readonly string[];
  /** Rules that fit every line, told apart by their ids. */
  readonly rules?: number;
  readonly concurrency?: number;
  readonly inactiveTimeoutS?: number;
}

/** The configuration of the job, as JSON, which is YAML. */
export function configOf({ port, stateDir, logs, rules = 1, ...options }: JobConfig): object {
  return {
    state_dir: stateDir,
    sources: logs.map((path) => ({ path, format: 'nginx' })),
    rules: Array.from({ length: rules }, (_, rule) => ({
      name: `rule-${rule}`,
      event_code: 'api_request',
      // The number in front: the sink tells ids apart by their first 16 bytes.
      event_transaction_id: rule === 0 ? '${request_id}' : String(rule) + '-${request_id}',
      event_subscription_id: '${http_x_consumer_username}',
      event_properties: PROPERTIES,
    })),
    destinations: [
      {
        endpoint_addrs: [`http://127.0.0.1:${port}`],
        token: 'benchmark',
        ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
        inactive_timeout: options.inactiveTimeoutS ?? 1,
      },
    ],
  };
}

/** A new, empty folder below `WORK`. */
export function freshFolder(name: string): string {
  const folder = join(WORK, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Brings the input into the page cache: the disk's reading speed is not what is measured. */
export function warm(paths: readonly string[]): void {
  const block = Buffer.allocUnsafe(1 << 24);
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const file = openSync(path, 'r');
    while (readSync(file, block) > 0);
    closeSync(file);
  }
}

export interface Run {
  /** That were timed. */
  readonly events: number;
  /** When the process had ended, so with all that it sent twice. */
  readonly sink: SinkCounts;
  /** From the start of the process to the last event at the sink. */
  readonly seconds: number;
  /** From the first event at the sink to the last. */
  readonly flowSeconds: number;
  readonly usage: Usage;
  readonly eventsPerSecond: number;
  readonly cpuPerMillion: number;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** When all is done; it need not be told to. */
  readonly endsByItself?: boolean;
}

/** Starts a process with its output in `cwd`/output.txt. */
export function start({ file, args, cwd }: Command): ChildProcess {
  const output = openSync(join(cwd, 'output.txt'), 'w');
  return spawn(file, args, { cwd, stdio: ['ignore', output, output] });
}

/** Rejects when the process does not end cleanly: what it did before is then no fair measure. */
export async function stop(child: ChildProcess, endsByItself = false): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  if (!endsByItself) child.kill('SIGTERM');
  const deadline = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
  clearTimeout(deadline);
  if (code !== 0) throw new Error(`${child.spawnfile} did not end cleanly: ${signal ?? `status ${code}`}`);
}

/**
 * Runs the process until the sink has `events` distinct ones, and stops it. Rejects when it ends before, or when the
 * sink then has more.
 * @param timed Figures are those of so many events: a part of a chunk at the end waits for `inactive_timeout`
 */
export async function measure(
  events: number,
  sinkOptions: Omit<SinkOptions, 'capacity'>,
  prepare: (sink: SinkProcess) => Command,
  timed = events,
): Promise<Run> {
  const sink = await startSink({ ...sinkOptions, capacity: events });
  const command = prepare(sink);
  const startMs = nowMs();
  const child = start(command);
  try {
    const died = once(child, 'exit').then(() => {
      throw new Error(`${command.file} ended: ${readFileSync(join(command.cwd, 'output.txt'), 'utf8')}`);
    });
    const counts = await Promise.race([sink.reached(timed), died]);
    const usage = usageOf(child.pid!);
    if (timed < events) await Promise.race([sink.reached(events), died]);
    await stop(child, command.endsByItself);
    const final = await sink.counts();
    if (final.distinct !== events)
      throw new Error(`${final.distinct} distinct events of ${events} at the sink`);
    const seconds = (counts.lastMs - startMs) / 1000;
    return {
      events: timed,
      sink: final,
      seconds,
      flowSeconds: (counts.lastMs - counts.firstMs) / 1000,
      usage,
      eventsPerSecond: timed / seconds,
      cpuPerMillion: usage.cpuSeconds / (timed / 1e6),
    };
  } finally {
    await stop(child);
    await sink.stop();
  }
}

/** One run of the daemon over `logs`, from an empty state. */
export function measureDaemon(
  events: number,
  logs: readonly string[],
  options: Partial<JobConfig> & {
    readonly sink?: Omit<SinkOptions, 'capacity'>;
    readonly nodeArgs?: readonly string[];
    /** Of another version. */
    readonly program?: string;
  } = {},
): Promise<Run> {
  const cwd = freshFolder('run');
  const stateDir = join(cwd, 'state');
  return measure(events, options.sink ?? {}, ({ port }) => {
    const config = join(cwd, 'tailmeter.yaml');
    writeFileSync(config, JSON.stringify(configOf({ ...options, port, stateDir, logs })));
    return {
      file: process.execPath,
      args: [...(options.nodeArgs ?? []), options.program ?? TAILMETER, 'run', '-c', config],
      cwd,
    };
  });
}
