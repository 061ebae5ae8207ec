/**
 * `npm run torture`: the scenarios of the end-to-end tests for minutes instead of seconds. Prints a table, and exits
 * with 1 when a line was lost, doubled or miscounted.
 */
import { InvalidArgumentError, program } from 'commander';
import { randomInt } from 'node:crypto';
import { scenarios, type Counts, type Result } from './scenarios.ts';

const COLUMNS = ['scenario', 'lines written', 'lost', 'unknown', 're-sent', 'verdict'] as const;

interface Options {
  readonly minutes: number;
  readonly only?: RegExp;
  readonly seed?: number;
}

const options = program
  .name('npm run torture --')
  .description('Runs the hostile scenarios, and tells what was lost.')
  .option('--minutes <n>', 'in all', positive, 10)
  .option('--only <pattern>', "scenarios whose names match: 'copytruncate|kill'", pattern)
  .option('--seed <n>', 'the same again, as far as chance has a part in it', whole)
  .parse()
  .opts<Options>();

const { minutes, only, seed = randomInt(1, 2 ** 32) } = options;
const wanted = scenarios(seed).filter(({ name }) => only?.test(name) ?? true);
if (wanted.length === 0) program.error(`error: no scenario matches ${only}`);
const forMs = (minutes * 60_000) / wanted.length;
console.info(
  `${wanted.length} scenarios, ${Math.ceil(forMs / 1000)} s each, and the time to settle; seed ${seed}`,
);
const results: Result[] = [];
for (const [index, { name, run }] of wanted.entries()) {
  process.stderr.write(`${index + 1}/${wanted.length} ${name}\n`);
  results.push({ name, ...(await run(forMs).catch(brokenDown)) });
}
console.info(`\n${table(results)}`);
const bad = results.filter(({ wrong }) => wrong.length > 0);
for (const { name, wrong } of bad) console.error(`${name}:\n  ${wrong.join('\n  ')}`);
process.exitCode = bad.length > 0 ? 1 : 0;

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('expected a number above 0');
  return value;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('expected a whole number');
  return value;
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** A scenario that could not be run to its end is no reason to stop, and none to be content. */
function brokenDown(error: Error): Counts {
  return { written: 0, lost: 0, unknown: 0, resent: 0, wrong: [`broke down: ${error.stack}`] };
}

/** A Markdown table. */
function table(results: readonly Result[]): string {
  const rows = results.map(({ name, written, lost, unknown, resent, wrong }) => [
    name,
    ...[written, lost, unknown, resent].map((count) => count.toLocaleString('en')),
    wrong.length === 0 ? 'ok' : 'FAILED',
  ]);
  const widths = COLUMNS.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (/^[\d,]+$/.test(cell) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join(' | ')} |`;
  return [
    line(COLUMNS),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}
