/** `tailmeter replay`: the pipeline over finished logs, with a state of its own beside a running daemon's. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { secretsOf } from '../config/secrets.ts';
import type { Config } from '../config/types.ts';
import { ownStateDir } from '../control/owner.ts';
import type { Status } from '../control/status.ts';
import type { LogReadError } from '../errors.ts';
import { createReporter } from '../observe/reporter.ts';
import { Pipeline, type PipelineOptions, type ReplayFile } from '../pipeline.ts';
import { preview } from '../preview.ts';
import { noteReplayed } from '../spool/ignored-files.ts';
import { diskFs } from '../spool/state-fs.ts';
import { refuseUnread } from '../tail/finished.ts';
import { sight, type Sight } from '../tail/sight.ts';
import { readConfig, readConfigWithSecrets } from './config-file.ts';
import { giveWay } from './give-way.ts';
import { pairWithSources } from './logs.ts';
import { summaryText } from './preview.ts';
import { stopSignal } from './signals.ts';
import { VERSION } from './version.ts';

export interface ReplayRequest {
  readonly window: NonNullable<PipelineOptions['window']>;
  readonly source: string | undefined;
  readonly giveUpAfterMs: number;
  readonly dryRun: boolean;
  /** Times that are older than plausible_age are billed, too. */
  readonly allowOld: boolean;
  /** Read also what of an archive does not verify. */
  readonly acceptDamaged: boolean;
}

const GRACE_MS = 5000;
const LOOK_MS = 200;

export async function replay(file: string, logs: readonly string[], request: ReplayRequest): Promise<number> {
  const { window, allowOld, acceptDamaged } = request;
  if (request.dryRun) {
    const config = await readConfig(file);
    const summary = await preview(
      { config, window, allowOld, acceptDamaged },
      pairWithSources(config, logs, request.source),
      () => {},
    );
    process.stdout.write(`would send: ${summaryText(summary)}`);
    return 0;
  }
  const config = await readConfigWithSecrets(file);
  const files = pairWithSources(config, logs, request.source);
  await refuseUnread(files.map(({ path }) => path));
  const reporter = createReporter({ ...config.log, secrets: secretsOf(config) });
  const stateDir = join(config.state_dir, 'replay');
  let pipeline: Pipeline | undefined;
  const owner = await ownStateDir(stateDir, () => ({ running: true, pid: process.pid }), {
    renewed: () => void pipeline?.lookAfterState(),
    taken: giveWay,
  });
  try {
    pipeline = await Pipeline.open({
      config,
      stateDir,
      version: VERSION,
      reporter,
      window,
      allowOld,
      plan: planOf(config, request),
      acceptDamaged,
    });
    const before = pipeline.status();
    const sights = await sightsOf(files);
    const left = await runToEnd(pipeline, files, before, request.giveUpAfterMs);
    if (left === undefined && isWhole(window)) {
      await noteReplayed(diskFs, config.state_dir, sights).catch((error: Error) => {
        process.stderr.write(`${error.message}: a daemon goes on naming these files in its status\n`);
      });
    }
    reporter.flush();
    process.stdout.write(unverifiedText(pipeline.unverified, stateDir));
    process.stdout.write(outcomeText(before, pipeline.status(), left, stateDir));
    return left === undefined ? 0 : 1;
  } finally {
    await owner.release();
  }
}

/** What the files are before they are read: a daemon that left some of them as unclear need not name them any more. */
async function sightsOf(files: readonly ReplayFile[]): Promise<Sight[]> {
  // What cannot be read now is told when it is to be replayed.
  const sights = await Promise.all(files.map(({ path }) => sight(path).catch(() => undefined)));
  return sights.filter((one) => one !== undefined);
}

const isWhole = ({ sinceMs, untilMs }: ReplayRequest['window']): boolean =>
  sinceMs === undefined && untilMs === undefined;

/** What two replays must have in common for one to go on where the other stopped. */
function planOf({ sources, rules, match }: Config, { window, allowOld }: ReplayRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([sources, rules, match, window, ...(allowOld ? ['old'] : [])]))
    .digest('hex');
}

/** Reads, ships, stops. Returns why something is left, or undefined when all is settled. */
async function runToEnd(
  pipeline: Pipeline,
  files: ReturnType<typeof pairWithSources>,
  before: Status,
  giveUpAfterMs: number,
): Promise<string | undefined> {
  const abort = new AbortController();
  const work = pipeline.replay(files, abort.signal).then(async (failures) => {
    await pipeline.delivered();
    return unread(failures);
  });
  const outcomes = [
    work,
    stopSignal().then((signal) => `stopped by ${signal}`),
    stuck(pipeline, giveUpAfterMs, abort.signal),
  ];
  try {
    const stopped = await Promise.race(outcomes);
    const { destinations } = pipeline.status();
    const lost = sum(destinations, (row) => row.lost) - sum(before.destinations, (row) => row.lost);
    // Of what was lost with a chunk the logs still have the lines: the next run reads them all.
    if (stopped === undefined || lost > 0) pipeline.forgetProgress();
    const reasons = [
      stopped ?? unshippable(destinations),
      lost > 0 ? `${lost} events were in chunks that are damaged` : undefined,
    ].filter((reason) => reason !== undefined);
    return reasons.length === 0 ? undefined : reasons.join('; ');
  } finally {
    abort.abort(new Error('the replay is stopping'));
    // Its own failure, if that is what ended the race, has been thrown; a reading that is cut short has no more to say.
    await Promise.allSettled([pipeline.stop(GRACE_MS), work]);
  }
}

/** Says which logs could not be read (to the end); undefined when there are none. */
function unread(failures: readonly LogReadError[]): string | undefined {
  if (failures.length === 0) return undefined;
  for (const { message } of failures) process.stderr.write(`${message}\n`);
  return `${failures.length} of the logs could not be read to the end, see above: replace them by whole copies`;
}

/** What is left though everything that can be shipped is settled. */
function unshippable(destinations: Status['destinations']): string | undefined {
  const pending = sum(destinations, (row) => row.pending);
  return pending > 0
    ? `${pending} events wait in chunks that cannot be shipped; the log says why`
    : undefined;
}

/** Resolves, with the reason, when a destination refuses everything, or nothing was read or settled for so long. */
async function stuck(pipeline: Pipeline, forMs: number, signal: AbortSignal): Promise<string> {
  let seen = '';
  let since = performance.now();
  while (!signal.aborted) {
    await delay(LOOK_MS, undefined, { signal }).catch(() => {});
    const { sources, destinations } = pipeline.status();
    const held = destinations.find((to) => to.held !== null);
    if (held !== undefined)
      return `${held.destination} refuses: ${held.last_error?.message}; ${held.held?.remedy}`;
    const now = JSON.stringify([
      sources.map(({ lines }) => lines),
      destinations.map(({ pending, delivered }) => [pending, delivered]),
    ]);
    if (now !== seen) {
      seen = now;
      since = performance.now();
    } else if (performance.now() - since >= forMs) {
      const why = destinations.find(({ last_error: error }) => error !== null)?.last_error?.message;
      return `no progress for ${forMs / 1000} s${why === undefined ? '' : `: ${why}`}`;
    }
  }
  return 'stopped';
}

/** Which lines nobody can vouch for; nothing when there are none. */
function unverifiedText(ranges: Pipeline['unverified'], stateDir: string): string {
  if (ranges.length === 0) return '';
  const lines = ranges.map(
    ({ path, from, to, lines }) =>
      `unverified: ${lines} lines of ${path}, bytes ${from} to ${to} (unpacked)\n`,
  );
  return `${lines.join('')}they are noted in ${join(stateDir, 'unverified.ndjson')}\n`;
}

/** What this run has done, and what is to do. */
function outcomeText(before: Status, after: Status, left: string | undefined, stateDir: string): string {
  const lines = (key: 'lines' | 'skipped' | 'dead'): number =>
    sum(after.sources, (row) => row[key]) - sum(before.sources, (row) => row[key]);
  const events = (key: 'events' | 'delivered' | 'duplicates' | 'dead'): number =>
    sum(after.destinations, (row) => row[key]) - sum(before.destinations, (row) => row[key]);
  const pending = sum(after.destinations, (row) => row.pending);
  const deadLetters = lines('dead') + events('dead');
  return [
    `${lines('lines')} lines read: ${lines('skipped')} skipped, ${lines('dead')} dead letters, ${events('events')} events`,
    `${events('delivered')} delivered, ${events('duplicates')} duplicates (Lago had them), ${events('dead')} refused, ${pending} pending`,
    ...(deadLetters > 0 ? [`dead letters are in ${join(stateDir, 'dead')}`] : []),
    left === undefined
      ? 'all is settled'
      : `not all is settled (${left}); run the same command again to go on`,
    '',
  ].join('\n');
}

const sum = <T>(rows: readonly T[], value: (row: T) => number): number =>
  rows.reduce((total, row) => total + value(row), 0);
