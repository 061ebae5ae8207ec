/**
 * `npm run torture`: the scenarios of the end-to-end tests for minutes instead of seconds. Prints a table, and exits
 * with 1 when a line was lost, doubled or miscounted.
 *
 *   npm run torture -- --minutes 30 --only 'copytruncate|kill' --seed 42
 */
import { parseArgs } from 'node:util';
import { scenarios, type Counts, type Result } from './scenarios.ts';

const DEFAULT_MINUTES = 10;
const COLUMNS = ['scenario', 'lines written', 'lost', 'unknown', 're-sent', 'verdict'] as const;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: String(DEFAULT_MINUTES) },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('--minutes and --seed are numbers');

const wanted = scenarios(seed).filter(({ name }) => new RegExp(values.only).test(name));
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
