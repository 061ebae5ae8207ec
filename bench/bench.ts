/**
 * `npm run bench`: each stage beside its limit, then the whole daemon, as a child process, against a sink. Prints
 * Markdown. Needs nothing but this package; takes some minutes.
 */
import { Option, program } from 'commander';
import { measureGrowth } from './growth.ts';
import { machine, measureDaemon, warm, type Run } from './job.ts';
import { nginxLog } from './logs.ts';
import { count } from './options.ts';
import { measureScenarios, SCENARIOS } from './scenarios.ts';
import { measureStages, plainParseCpu } from './stages.ts';
import { figure, median, percent, table } from './table.ts';
import { isCommit, Worktree } from './worktree.ts';

interface Options {
  readonly runs: number;
  readonly lines: number;
  readonly growth?: true;
  readonly scenarios?: true;
  readonly scenario?: string;
  readonly flags?: string;
  readonly against?: string;
  readonly report?: true;
}

const options = program
  .name('npm run bench --')
  .description('Measures each stage beside its limit, then the whole daemon.')
  .option('--runs <n>', 'runs of each figure, of which the median counts', count, 5)
  .option('--lines <n>', 'lines of the log', count, 1_000_000)
  .option('--growth', 'also: how figures grow with lines, sources, rules and line length')
  .option('--scenarios', 'also: the situations that --scenario names')
  .addOption(new Option('--scenario <name>', 'nothing but one of these').choices(Object.keys(SCENARIOS)))
  .option(
    '--flags <flags>',
    'nothing but the daemon, in turns as it is and with: --flags=--max-semi-space-size=1',
  )
  .option(
    '--against <ref>',
    'nothing but the daemon, in turns as it is and as it was at a commit: --against v0.1.0',
  )
  .option('--report', 'only the stages, as ratios to the limit of the same step: for CI to show')
  .parse()
  .opts<Options>();
const { runs, lines } = options;

const say = (text = ''): void => console.log(text);

async function stages(): Promise<void> {
  const log = await nginxLog(Math.min(lines, 200_000));
  warm([log]);
  const results = await measureStages(log, Math.min(lines, 200_000), runs);
  say(
    table(
      ['stage', 'events/s', 'limit', 'events/s', 'share of the limit', ''],
      results.map(({ stage, perSecond, limit, limitPerSecond, note = '' }) => [
        stage,
        figure(perSecond),
        limit,
        figure(limitPerSecond),
        percent(perSecond / limitPerSecond),
        note,
      ]),
    ),
  );
}

interface DaemonRun extends Run {
  /** Its CPU time, in those of a program that only parses the lines, measured right after it: for machines to be compared. */
  readonly timesPlain: number;
}

async function daemon(): Promise<void> {
  const log = await nginxLog(lines);
  warm([log]);
  const results: DaemonRun[] = [];
  plainParseCpu(log, lines); // warms up
  for (let i = 0; i < runs; i++) {
    const run = await measureDaemon(lines, [log]);
    results.push({ ...run, timesPlain: run.cpuPerMillion / plainParseCpu(log, lines) });
  }
  say(
    table(
      ['', 'median', 'best', 'worst'],
      (
        [
          ['events/s, from the start of the process', (run) => run.eventsPerSecond],
          ['events/s, from the first event to the last', (run) => run.events / run.flowSeconds],
          ['CPU seconds per million events', (run) => run.cpuPerMillion],
          ['times the CPU of `JSON.parse` alone', (run) => run.timesPlain],
          ['peak RSS, MiB', (run) => run.usage.peakMiB],
          ['doubled events', (run) => run.sink.events - run.sink.distinct],
        ] as [string, (run: DaemonRun) => number][]
      ).map(([name, value]) => {
        const all = results.map(value);
        const best = name.startsWith('events/s') ? Math.max(...all) : Math.min(...all);
        const worst = name.startsWith('events/s') ? Math.min(...all) : Math.max(...all);
        return [name, figure(median(all)), figure(best), figure(worst)];
      }),
    ),
  );
}

/** The daemon as it is and another way, in turns: whatever else the machine does meets both alike. */
async function inTurns(name: string, other: Parameters<typeof measureDaemon>[2]): Promise<void> {
  const log = await nginxLog(lines);
  warm([log]);
  const here: Run[] = [];
  const there: Run[] = [];
  for (let i = 0; i < runs; i++) {
    const turns = [
      async () => here.push(await measureDaemon(lines, [log])),
      async () => there.push(await measureDaemon(lines, [log], other)),
    ];
    // Neither is always the one that comes second.
    for (const turn of i % 2 === 0 ? turns : turns.toReversed()) await turn();
  }
  const rows: [string, (run: Run) => number][] = [
    ['events/s, from the start of the process', (run) => run.eventsPerSecond],
    ['events/s, from the first event to the last', (run) => run.events / run.flowSeconds],
    ['CPU seconds per million events', (run) => run.cpuPerMillion],
    ['peak RSS, MiB', (run) => run.usage.peakMiB],
  ];
  say(
    table(
      ['', 'as it is', name, 'as it is / other'],
      rows.map(([what, value]) => {
        const [a, b] = [median(here.map(value)), median(there.map(value))];
        return [what, figure(a), figure(b), (a / b).toFixed(3)];
      }),
    ),
  );
}

async function against(ref: string): Promise<void> {
  if (!isCommit(ref)) program.error(`error: ${ref} is no commit of this repository`);
  using tree = new Worktree(ref);
  await inTurns(`${ref}${ref.startsWith(tree.commit) ? '' : ` (${tree.commit})`}`, { program: tree.program });
}

async function all(): Promise<void> {
  say('### Stages\n');
  await stages();
  if (options.report === true) return;
  say(`\n### The daemon: ${figure(lines)} lines\n`);
  await daemon();
  if (options.growth === true) await measureGrowth(Math.min(runs, 3), say);
  if (options.scenarios === true) await measureScenarios(say);
}

say(`${machine()} · median of ${runs}\n`);
if (options.against !== undefined) await against(options.against);
else if (options.flags !== undefined) await inTurns(options.flags, { nodeArgs: options.flags.split(' ') });
else if (options.scenario !== undefined) await measureScenarios(say, options.scenario);
else await all();
