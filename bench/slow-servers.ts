/** Servers that are slow, small or silent: what share of what they can take they get, and how much is sent twice. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { configOf, freshFolder, start, stop, TAILMETER, warm } from './job.ts';
import { nginxLog } from './logs.ts';
import { startSink, type SinkCounts, type SinkOptions, type SinkProcess } from './sink.ts';
import { figure, percent } from './table.ts';

const CONCURRENCY = 16;
const BATCH = 100;

/** Events/s and the share that was sent twice, between two moments. */
interface Flow {
  readonly perSecond: number;
  readonly twice: number;
}

/** @param at seconds from the first request on, in ascending order. @returns the flow between each two of them */
async function flows(
  name: string,
  lines: number,
  sinks: readonly Omit<SinkOptions, 'capacity'>[],
  at: readonly number[],
): Promise<Flow[]> {
  const log = await nginxLog(lines);
  warm([log]);
  const [first, ...others] = await Promise.all(
    sinks.map((options) => startSink({ ...options, capacity: lines })),
  );
  const cwd = freshFolder(name);
  const all = [first!, ...others];
  const config = {
    ...configOf({ port: first!.port, stateDir: join(cwd, 'state'), logs: [log] }),
    destinations: [
      {
        endpoint_addrs: all.map(({ port }) => `http://127.0.0.1:${port}`),
        token: 'benchmark',
        inactive_timeout: 1,
      },
    ],
  };
  writeFileSync(join(cwd, 'tailmeter.json'), JSON.stringify(config));
  const child = start({
    file: process.execPath,
    args: [TAILMETER, 'run', '-c', join(cwd, 'tailmeter.json')],
    cwd,
  });
  try {
    await first!.reached(1);
    const counts = await countsAt(first!, at);
    return counts.slice(1).map(({ events, distinct }, i) => {
      const before = counts[i]!;
      const sent = events - before.events;
      return {
        perSecond: (distinct - before.distinct) / (at[i + 1]! - at[i]!),
        twice: (sent - (distinct - before.distinct)) / sent,
      };
    });
  } finally {
    child.kill('SIGKILL');
    await stop(child).catch(() => undefined);
    for (const sink of all) await sink.stop();
    freshFolder(name);
  }
}

async function countsAt(sink: SinkProcess, at: readonly number[]): Promise<SinkCounts[]> {
  const begun = performance.now();
  const counts: SinkCounts[] = [];
  for (const seconds of at) {
    await sleep(Math.max(0, begun + seconds * 1000 - performance.now()));
    counts.push(await sink.counts());
  }
  return counts;
}

async function late(seconds: number): Promise<string[]> {
  // Answers come together: from the middle of one wait to that of another, after the first minute.
  const from = (Math.ceil(60 / seconds) + 0.5) * seconds;
  const to = from + Math.ceil(60 / seconds) * seconds;
  const lines = Math.ceil(to / seconds + 2) * CONCURRENCY * BATCH;
  const [flow] = await flows(`late-${seconds}`, lines, [{ delayMs: seconds * 1000 }], [from, to]);
  const { perSecond, twice } = flow!;
  const possible = (CONCURRENCY * BATCH) / seconds;
  return [
    `answers take ${seconds} s, after the first minute: events/s`,
    figure(perSecond),
    `${percent(perSecond / possible)} of what ${CONCURRENCY} requests at a time get through; ${percent(twice)} sent twice`,
  ];
}

/** @param workers of 500 ms */
const share = (name: string, workers: number, { perSecond, twice }: Flow): string[] => [
  name,
  figure(perSecond),
  `${percent(perSecond / ((workers * BATCH) / 0.5))} of their capacity; ${percent(twice)} sent twice`,
];

/** Workers of 500 ms. */
async function small(): Promise<string[][]> {
  const found = await flows(
    'small',
    120_000,
    [
      {
        delayMs: 500,
        workers: 2,
        changes: [
          { afterS: 40, workers: 8 },
          { afterS: 80, workers: 1 },
        ],
      },
    ],
    [0, 10, 40, 70, 80, 110, 125],
  );
  return [
    share('two workers of 500 ms: events/s', 2, found[1]!),
    share('… and 30 s after they have become 8', 8, found[3]!),
    share('… and 30 s after they have become 1', 1, found[5]!),
  ];
}

async function blackHole(): Promise<string[]> {
  const good = { delayMs: 200 };
  const at = [0, 30];
  const lines = 300_000;
  const [alone] = await flows('alone', lines, [good], at);
  const [beside] = await flows('beside', lines, [good, { ...good, isSilent: true }], at);
  return [
    'an address that never answers beside a good one, from the start: events/s',
    figure(beside!.perSecond),
    `${percent(beside!.perSecond / alone!.perSecond)} of the good one alone`,
  ];
}

/** They wait, mostly: all at the same time. */
export async function slowServers(): Promise<string[][]> {
  const [lates, smalls] = await Promise.all([Promise.all([4, 20, 45].map(late)), small()]);
  return [...lates, ...smalls, await blackHole()];
}
