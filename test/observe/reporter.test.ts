import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MESSAGES } from '../../src/observe/messages.ts';
import { createReporter } from '../../src/observe/reporter.ts';
import type { LogFormat, ReporterOptions } from '../../src/observe/reporter.ts';
import { collector, SAMPLES } from './samples.ts';

function reporterTo(stream: { write(text: string): unknown }, options: Partial<ReporterOptions> = {}) {
  return createReporter({ level: 'debug', format: 'json', secrets: [], destination: stream, ...options });
}

const parsed = (lines: string[]): { msg: string; more?: number }[] =>
  lines.map((line) => JSON.parse(line) as { msg: string; more?: number });

describe('the format json', () => {
  it('is one object a line, with the event, its fields in snake_case and the sentence', () => {
    const out = collector();
    reporterTo(out).report(SAMPLES.batch_failed);
    const { time, ...line } = JSON.parse(out.lines[0] ?? '') as Record<string, unknown>;
    expect(new Date(time as string).toISOString()).toBe(time);
    expect(line).toEqual({
      level: 'error',
      pid: process.pid,
      hostname: hostname(),
      event: 'batch_failed',
      destination: 'lago',
      message: SAMPLES.batch_failed.message,
      retry_in_ms: 1000,
      attempt: 1,
      msg: `Batch Processor[lago logger] failed to process entries: ${SAMPLES.batch_failed.message}`,
    });
  });

  it('gives errors as their message and code', () => {
    const out = collector();
    reporterTo(out).report(SAMPLES.checkpoint_failed);
    expect(JSON.parse(out.lines[0] ?? '')).toMatchObject({
      error: 'EACCES: permission denied',
      error_code: 'EACCES',
    });
  });
});

describe('the format nginx', () => {
  const shape =
    /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[(?:debug|info|warn|error)\] \d+#\d+: \*\d+ \[\w+\] [\w.-]+(?::\d+)?: .+, context: ngx\.timer, client: [\d.]+, server: \S+$/;

  it.each(Object.values(SAMPLES))("has the shape of NGINX's error.log for $event", (event) => {
    const out = collector();
    reporterTo(out, { format: 'nginx' }).report(event);
    expect(out.lines).toHaveLength(1);
    expect(out.lines[0]).toMatch(shape);
  });

  it('is byte for byte what the plugin leaves there, but for what only that host knows', () => {
    const out = collector();
    const date = new Date(2023, 3, 30, 3, 5, 6);
    reporterTo(out, { format: 'nginx', now: () => date }).report({
      ...SAMPLES.batch_failed,
      message: 'lago api returned status: 400, body: <error message>',
    });
    const thread = `${process.pid}#${process.pid}`;
    expect(out.lines[0]).toBe(
      `2023/04/30 03:05:06 [error] ${thread}: *1 [lua] batch-processor.lua:95: Batch Processor[lago logger] failed to process entries: lago api returned status: 400, body: <error message>, context: ngx.timer, client: 127.0.0.1, server: ${hostname()}`,
    );
  });

  it('numbers its lines', () => {
    const out = collector();
    const reporter = reporterTo(out, { format: 'nginx' });
    reporter.report(SAMPLES.stopping);
    reporter.report(SAMPLES.stopped);
    expect(out.lines.map((line) => /\*\d+/.exec(line)?.[0])).toEqual(['*1', '*2']);
  });
});

describe('the format pretty', () => {
  it('is a time, a level and the sentence', () => {
    const out = collector();
    reporterTo(out, { format: 'pretty' }).report(SAMPLES.spool_resumed);
    expect(out.lines).toHaveLength(1);
    expect(out.lines[0]).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: reading goes on$/);
  });
});

describe.each<LogFormat>(['json', 'nginx', 'pretty'])('in the format %s', (format) => {
  it('no line holds a secret, wherever it came in', () => {
    const out = collector();
    const reporter = reporterTo(out, { format, secrets: ['s3cret'] });
    reporter.report({ ...SAMPLES.batch_failed, message: 'body: {"token":"s3cret"}' });
    reporter.report({ ...SAMPLES.file_unreadable, path: '/s3cret', error: new Error('with s3cret') });
    // One that stands where the text is cut.
    reporter.report({ ...SAMPLES.event_dead, message: `${'x'.repeat(4_030)}${'s3cret'.repeat(99)}` });
    reporter.flush();
    expect(out.lines).toHaveLength(3);
    expect(out.lines.join('\n')).not.toMatch(/s3c/);
  });

  it("an answer of Lago's can neither begin a line nor steer the terminal, nor fill the log", () => {
    const out = collector();
    reporterTo(out, { format }).report({
      ...SAMPLES.batch_failed,
      message: `body: \n2026/01/01 00:00:00 [alert] forged\r\u001b[2J\u009b${'x'.repeat(1_000_000)}`,
    });
    expect(out.lines).toHaveLength(1);
    // oxlint-disable-next-line no-control-regex
    expect(out.lines[0]).not.toMatch(/[\u0000-\u001f]/);
    expect(out.lines[0]?.length).toBeLessThan(10_000);
  });

  it('what is below the level is counted, not written', () => {
    const out = collector();
    const reporter = reporterTo(out, { format, level: 'error' });
    for (const event of Object.values(SAMPLES)) reporter.report(event);
    const errors = Object.values(MESSAGES).filter((message) => message.level === 'error');
    expect(out.lines).toHaveLength(errors.length);
    expect(reporter.counters.total('insecure_endpoint')).toBe(1);
  });
});

describe('repeats', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are told as the first at once and the latest, with the number of the others, every 10 seconds', () => {
    const out = collector();
    const reporter = reporterTo(out);
    for (let offset = 1; offset <= 5; offset++) reporter.report({ ...SAMPLES.line_dead, offset });
    expect(parsed(out.lines).map(({ msg }) => msg)).toEqual([expect.stringContaining('at byte 1:')]);
    vi.advanceTimersByTime(10_000);
    const [, summary] = parsed(out.lines);
    expect(summary?.msg).toMatch(/at byte 5: .* … and 3 more in the last 10 s$/);
    expect(summary?.more).toBe(3);
  });

  it('add up to what was reported, whenever they come', () => {
    const out = collector();
    const reporter = reporterTo(out);
    for (let index = 0; index < 500; index++) {
      reporter.report(SAMPLES.line_dead);
      vi.advanceTimersByTime((index * 37) % 400);
    }
    reporter.flush();
    const told = parsed(out.lines).reduce((sum, { more = 0 }) => sum + 1 + more, 0);
    expect(told).toBe(500);
    expect(out.lines.length).toBeLessThan(25);
    expect(reporter.counters.snapshot()).toEqual({ line_dead: { total: 500, reasons: { not_json: 500 } } });
  });

  it('are kept apart by source, reason and destination', () => {
    const out = collector();
    const reporter = reporterTo(out);
    reporter.report(SAMPLES.line_dead);
    reporter.report({ ...SAMPLES.line_dead, reason: 'line_too_long' });
    reporter.report({ ...SAMPLES.line_dead, source: 'other' });
    reporter.report(SAMPLES.batch_failed);
    reporter.report({ ...SAMPLES.batch_failed, destination: 'other' });
    expect(out.lines).toHaveLength(5);
  });

  it('leave no timer and no memory behind once it is quiet', () => {
    const out = collector();
    const reporter = reporterTo(out);
    reporter.report(SAMPLES.line_dead);
    reporter.report(SAMPLES.line_dead);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(20_000);
    expect(vi.getTimerCount()).toBe(0);
    reporter.report(SAMPLES.line_dead);
    expect(out.lines).toHaveLength(3);
  });
});

describe('the log itself', () => {
  it('never stops the work when it cannot be written', () => {
    const broken = {
      write: () => {
        throw new Error('ENOSPC');
      },
    };
    expect(() => reporterTo(broken).report(SAMPLES.stopping)).not.toThrow();
  });

  it('goes to standard error, and a reader that has gone away does not end the process', () => {
    const script = `
      import { createReporter } from ${JSON.stringify(new URL('../../src/observe/reporter.ts', import.meta.url).href)};
      const reporter = createReporter({ level: 'info', format: 'json', secrets: [] });
      for (let index = 0; index < 100; index++) reporter.report({ event: 'stopping', signal: 'SIGTERM' });
      setTimeout(() => process.stdout.write('alive'), 20);`;
    const command = `exec "$0" --input-type=module -e "$1" 2> >(exec true)`;
    const closed = spawnSync('bash', ['-c', command, process.execPath, script], { encoding: 'utf8' });
    expect(closed.stdout).toBe('alive');
    const open = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(open.stderr.trimEnd().split('\n')).toHaveLength(100);
  });
});
