import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { checkRules } from '../../src/map/check.ts';
import { compileMapper } from '../../src/map/compile.ts';
import type { MapperOptions } from '../../src/map/compile.ts';
import { mapLine } from './harness.ts';

const root = fileURLToPath(new URL('../../fixtures', import.meta.url));
const folders = ['nginx', 'apisix', 'kong', 'litellm'];
const cases = folders.flatMap((folder) =>
  readdirSync(`${root}/${folder}`).flatMap((file) =>
    file.endsWith('.json') ? [`${folder}/${file.slice(0, -5)}`] : [],
  ),
);

/** Offsets and lines of a log, without newlines. */
function linesOf(file: string): { offset: number; line: Buffer }[] {
  const bytes = readFileSync(file);
  const lines = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    lines.push({ offset: start, line: bytes.subarray(start, end) });
    start = end + 1;
  }
  return lines;
}

/** One line of text per event, dead letter or skipped line, with the exact bytes of the events. */
function transcript(name: string): string {
  const options = JSON.parse(readFileSync(`${root}/${name}.json`, 'utf8')) as MapperOptions;
  const destinations = [...new Set(options.rules.map((rule) => rule.to))];
  const mapper = compileMapper({ ...options, destinations });
  const report: string[] = [];
  for (const [index, { offset, line }] of linesOf(`${root}/${name}.log`).entries()) {
    const { outcome, events, dead } = mapLine(mapper, line, offset);
    for (const { destination, json } of events) {
      report.push(`{"line":${index + 1},"to":"${destinations[destination]}","event":${json}}`);
    }
    for (const failure of dead) report.push(JSON.stringify({ line: index + 1, dead: failure }));
    if (outcome === 'skipped') report.push(JSON.stringify({ line: index + 1, skipped: true }));
  }
  report.push(JSON.stringify({ repairs: mapper.repairs }));
  return `${report.join('\n')}\n`;
}

describe('recorded lines', () => {
  it.each(cases)('%s gives exactly the events and dead letters beside it', async (name) => {
    const result = transcript(name);
    for (const entry of result.trim().split('\n')) JSON.parse(entry);
    await expect(result).toMatchFileSnapshot(`${root}/${name}.expected.ndjson`);
  });

  it('the walk-through gives the events that the lago plugin of APISIX sends', async () => {
    const config = await loadConfig(`${root}/walkthrough/tailmeter.yaml`);
    expect(checkRules(config)).toEqual([]);
    const destinations = config.destinations.map(({ name }) => name);
    const mapper = compileMapper({ ...config, destinations, format: config.sources[0]!.format });
    const events = linesOf(`${root}/walkthrough/access.log`).flatMap(({ line, offset }) =>
      mapLine(mapper, line, offset).events.map(({ json }) => `${json}\n`),
    );
    expect(events.join('')).toBe(readFileSync(`${root}/walkthrough/expected.ndjson`, 'utf8'));
  });
});
