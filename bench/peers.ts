/**
 * `npm run bench:peers`: the same job done by tailmeter and by the C log shippers that are there, in turns within one
 * run, so that all of them meet the same machine. Prints Markdown with the ratios.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from 'commander';
import { freshFolder, machine, measure, measureDaemon, warm, type Command, type Run } from './job.ts';
import { nginxLog } from './logs.ts';
import { count } from './options.ts';
import { figure, median, table } from './table.ts';

interface Options {
  readonly runs: number;
  readonly lines: number;
  readonly fluentBit: string;
  readonly syslogNg: string;
}

const { runs, lines, fluentBit, syslogNg } = program
  .name('npm run bench:peers --')
  .description('Does the same job with tailmeter and with the C log shippers that are there, in turns.')
  .option('--runs <n>', 'rounds, of which the median counts', count, 5)
  .option('--lines <n>', 'lines of the log', count, 1_000_000)
  .option('--fluent-bit <path>', 'the program, where it is not in PATH', 'fluent-bit')
  .option('--syslog-ng <path>', 'the program, where it is not in PATH', 'syslog-ng')
  .parse()
  .opts<Options>();
const HERE = fileURLToPath(new URL('peers', import.meta.url));

interface Contender {
  readonly name: string;
  readonly run: (lines: number, log: string) => Promise<Run>;
}

/** The first line that the program prints about itself, or undefined when it is not there. */
function versionOf(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0]?.trim() : undefined;
}

function peer(
  name: string,
  program: string,
  template: string,
  argsFor: (config: string, state: string) => string[],
): Contender | undefined {
  const version = versionOf(program);
  if (version === undefined) {
    console.error(`${name} is not there: left out`);
    return undefined;
  }
  return {
    name: version,
    run: (lines, log) => {
      const cwd = freshFolder('peer');
      const state = join(cwd, 'state');
      mkdirSync(state);
      return measure(lines, {}, ({ port }): Command => {
        const config = join(cwd, 'peer.conf');
        const values: Record<string, string> = { LOG: log, STATE: state, PORT: String(port), HERE };
        const text = readFileSync(join(HERE, template), 'utf8');
        writeFileSync(
          config,
          text.replace(/@(LOG|STATE|PORT|HERE)@/g, (_, key: string) => values[key]!),
        );
        return { file: program, args: argsFor(config, state), cwd };
      });
    },
  };
}

const contenders: Contender[] = [
  { name: 'tailmeter', run: (lines: number, log: string) => measureDaemon(lines, [log]) },
  peer('Fluent Bit', fluentBit, 'fluent-bit.conf', (config) => ['-c', config]),
  peer('syslog-ng', syslogNg, 'syslog-ng.conf', (config, state) => [
    '--foreground',
    '--no-caps',
    `--cfgfile=${config}`,
    `--persist-file=${join(state, 'persist')}`,
    `--pidfile=${join(state, 'pid')}`,
    `--control=${join(state, 'control')}`,
  ]),
].filter((contender): contender is Contender => contender !== undefined);

const log = await nginxLog(lines);
const results = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
for (let round = 0; round < runs; round++) {
  for (const { name, run } of contenders) {
    warm([log]);
    results.get(name)?.push(await run(lines, log));
  }
}

const FIGURES: readonly (readonly [string, (run: Run) => number])[] = [
  ['events/s', (run) => run.eventsPerSecond],
  ['CPU s per million', (run) => run.cpuPerMillion],
  ['peak RSS MiB', (run) => run.usage.peakMiB],
  ['doubled', (run) => run.sink.events - run.sink.distinct],
];
const medians = [...results].map(([name, runs]) => ({
  name,
  values: FIGURES.map(([, value]) => median(runs.map(value))),
}));
const [own] = medians;
console.log(`${machine()} · ${figure(lines)} lines · median of ${runs}, in turns\n`);
console.log(
  table(
    ['', ...FIGURES.map(([name]) => name), 'tailmeter: times the events/s', 'times less CPU'],
    medians.map(({ name, values }) => [
      name,
      ...values.map(figure),
      figure(own!.values[0]! / values[0]!),
      figure(values[1]! / own!.values[1]!),
    ]),
  ),
);
