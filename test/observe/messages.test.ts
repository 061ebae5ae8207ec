import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MESSAGES, messageOf } from '../../src/observe/messages.ts';
import { SAMPLES } from './samples.ts';

const textOf = (event: (typeof SAMPLES)[keyof typeof SAMPLES]): string => messageOf(event).text(event);

describe('the messages', () => {
  it('are explained to operators in docs/log-events.md, each under its name with its level', async () => {
    const page = await readFile(new URL('../../docs/log-events.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(\w+)` +\| (\w+) +\| ([^|]+) \| ([^|]+) \|$/gm)];
    const documented = rows.map(([, name, level]) => `${name} ${level}`).toSorted();
    const actual = Object.entries(MESSAGES).map(([name, { level }]) => `${name} ${level}`);
    expect(documented).toEqual(actual.toSorted());
  });

  it('are each reported by somebody', async () => {
    const root = new URL('../../src/', import.meta.url);
    const files = (await readdir(root, { recursive: true })).filter(
      (file) => file.endsWith('.ts') && !['observe/events.ts', 'observe/messages.ts'].includes(file),
    );
    const code = (await Promise.all(files.map((file) => readFile(new URL(file, root), 'utf8')))).join('\n');
    const reported = [...code.matchAll(/\bevent(?::| =)(?<names>[^;,}]*)/g)].flatMap(({ groups }) => [
      ...(groups?.['names'] ?? '').matchAll(/'(?<name>[a-z_]+)'/g),
    ]);
    const names = new Set(reported.map(({ groups }) => groups?.['name']));
    expect(Object.keys(MESSAGES).filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(Object.values(SAMPLES))('say something whole about $event', (event) => {
    expect(textOf(event)).not.toMatch(/undefined|null|NaN|\[object/);
    expect(textOf(event).length).toBeGreaterThan(10);
  });

  it('are those of the plugin where it has words for the same', () => {
    expect(textOf(SAMPLES.batch_failed)).toBe(
      'Batch Processor[lago logger] failed to process entries: lago api returned status: 422, body: {"status":422}',
    );
    expect(textOf(SAMPLES.batch_partly_failed)).toBe(
      'Batch Processor[lago logger] failed to process entries [3/100]: lago api returned status: 422, body: {"status":422}',
    );
    expect(textOf(SAMPLES.retries_exhausted)).toContain(
      'Batch Processor[lago logger] exceeded the max_retry_count[3] dropping the entries',
    );
    expect(textOf(SAMPLES.insecure_endpoint)).toContain(
      'Using lago endpoint_addrs with no TLS is a security risk',
    );
  });

  it('call a destination that has a name of its own by that name', () => {
    expect(textOf({ ...SAMPLES.batch_failed, destination: 'lago-eu' })).toContain(
      'Batch Processor[lago-eu] failed',
    );
  });
});
