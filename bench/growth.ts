/** How the daemon's figures grow with the number of lines, sources and rules, and with the length of lines. */
import { measureDaemon, warm, type JobConfig, type Run } from './job.ts';
import { nginxLog, nginxLogs, sizeOf } from './logs.ts';
import { figure, median, table } from './table.ts';

const LINES = [10_000, 100_000, 1_000_000, 10_000_000];
const SOURCES = [1, 5, 10, 50];
const RULES = [1, 2, 5, 20];
const LINE_BYTES = [200, 595, 2048, 8192];

const HEADER = ['', 'events/s', 'after start-up', 'MB of log/s', 'CPU s per million', 'peak RSS MiB'];

export async function measureGrowth(runs: number, say: (text: string) => void): Promise<void> {
  say('\n### Lines\n');
  say(
    table(
      HEADER,
      await series(LINES, async (lines) => {
        const log = await nginxLog(lines);
        return row(`${figure(lines)} lines`, lines > 1_000_000 ? 1 : runs, lines, [log]);
      }),
    ),
  );
  say('\n### Sources (1,000,000 lines in all)\n');
  say(
    table(
      HEADER,
      await series(SOURCES, async (sources) => {
        const logs = await nginxLogs(1_000_000, sources);
        return row(`${sources}`, runs, 1_000_000, logs);
      }),
    ),
  );
  say('\n### Rules that all fit (200,000 lines)\n');
  const log = await nginxLog(200_000);
  say(
    table(HEADER, await series(RULES, (rules) => row(`${rules}`, runs, 200_000 * rules, [log], { rules }))),
  );
  say('\n### Length of lines (200,000 lines)\n');
  say(
    table(
      HEADER,
      await series(LINE_BYTES, async (bytes) => {
        const path = bytes === 595 ? log : await nginxLog(200_000, bytes);
        return row(`${Math.round(sizeOf(path) / 200_000)} bytes`, runs, 200_000, [path]);
      }),
    ),
  );
}

/** One after the other: they share the machine. */
async function series<T>(
  values: readonly T[],
  measured: (value: T) => Promise<string[]>,
): Promise<string[][]> {
  const rows: string[][] = [];
  for (const value of values) rows.push(await measured(value));
  return rows;
}

async function row(
  name: string,
  runs: number,
  events: number,
  logs: readonly string[],
  options: Partial<JobConfig> = {},
): Promise<string[]> {
  warm(logs);
  const results: Run[] = [];
  for (let i = 0; i < runs; i++) results.push(await measureDaemon(events, logs, options));
  const of = (value: (run: Run) => number): number => median(results.map(value));
  const megabytes = logs.reduce((sum, path) => sum + sizeOf(path), 0) / 1e6;
  return [
    name,
    figure(of((run) => run.eventsPerSecond)),
    figure(of((run) => run.events / run.flowSeconds)),
    figure(of((run) => megabytes / run.flowSeconds)),
    figure(of((run) => run.cpuPerMillion)),
    figure(of((run) => run.usage.peakMiB)),
  ];
}
