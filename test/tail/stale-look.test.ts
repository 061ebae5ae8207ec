/** The log is rotated, more than once, between two steps of one look: the host was suspended there, for example. */
import { mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { TelemetryEvent } from '../../src/observe/events.ts';
import { Recorder, sourceOf, tail, tempFolder } from './harness.ts';

class Suspended extends Recorder {
  readonly #resume: () => void;

  /** @param resume What happens when the look is between the file `a.log` and the search for rotated files. */
  constructor(resume: () => void) {
    super();
    this.#resume = resume;
  }

  override report(event: TelemetryEvent): void {
    if (event.event === 'file_unreadable' && event.path.endsWith('b.log')) this.#resume();
    super.report(event);
  }
}

it('a log that was opened, then rotated and packed before the search, is read once', async () => {
  const folder = await tempFolder();
  const at = (name: string): string => path.join(folder, name);
  const recorder = new Suspended(() => {
    writeFileSync(at('logs/a.log.1.gz'), gzipSync('a1\na2\n'));
    unlinkSync(at('logs/a.log'));
    writeFileSync(at('logs/a.log'), 'new\n');
  });
  await tail(recorder, [sourceOf(at('logs/*.log'))]);
  // Both appear at once. The second one cannot be opened, which is told when the first one has been.
  await mkdir(at('staging'));
  await writeFile(at('staging/a.log'), 'a1\na2\n');
  mkdirSync(at('staging/b.log'));
  await rename(at('staging'), at('logs'));
  await recorder.until(() => recorder.texts.includes('new') && recorder.texts.includes('a2'));
  await recorder.until(() => recorder.reported('generation_ended').length > 0);
  expect(recorder.texts.toSorted()).toEqual(['a1', 'a2', 'new']);
});
