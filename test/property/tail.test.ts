/**
 * The tailer against a model of a log, under random writes, rotations, compression, restarts and crashes, beside another
 * log and files that were made from parts of it. Whatever happens: every line arrives, under the right fingerprint and
 * offset, once in each pass, and never again once the positions say that it is durable; and no line of another file.
 */
import assert from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Tailer } from '../../src/tail/tailer.ts';
import type { GenerationPosition } from '../../src/types.ts';
import { Recorder, sourceOf } from '../tail/harness.ts';
import { keyOf, LogModel, MAX_LINE_BYTES } from '../tail/model.ts';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 40);
/** The same sequences each time, unless others are asked for. */
const SEED = Number(process.env['PROPERTY_SEED'] ?? 20_261_128);
/** Far more than a pass takes; only a failure waits for it. */
const PATIENCE_MS = 15_000;

type Positions = Map<string, GenerationPosition[]>;

type Action =
  | { do: 'write'; lines: number; padding: number }
  | { do: 'writePart'; padding: number }
  | { do: 'rename'; create: boolean }
  | { do: 'reopen'; complete: boolean }
  | { do: 'copyTruncate' | 'rotateByPrefix' | 'replace' | 'stop' | 'start' | 'pause' }
  | { do: 'compress'; tar: boolean }
  | { do: 'neighbour'; lines: number }
  | { do: 'part'; from: number }
  | { do: 'hole' | 'tear'; bytes: number }
  | { do: 'edit'; lines: number }
  | { do: 'kill'; back: number };

const padding = fc.oneof(fc.nat(40), fc.constantFrom(1010, 1019, 1024, 1500));
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write'), lines: fc.nat(20), padding }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('writePart'), padding }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('rename'), create: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reopen'), complete: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compress'), tar: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('hole', 'tear'),
      bytes: fc.constantFrom(1, 1000, 5000, 100_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('edit'), lines: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill'), back: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('neighbour'), lines: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('part'), from: fc.nat(20) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('copyTruncate', 'rotateByPrefix', 'replace', 'stop', 'start', 'pause', 'pause'),
    }),
  },
);

/** Sequences that failed once. */
const FOUND: [Action[]][] = [
  // The copy of a log whose first line was never completed is compressed before anybody looks at it.
  [
    [
      { do: 'replace' },
      { do: 'writePart', padding: 2 },
      { do: 'pause' },
      { do: 'copyTruncate' },
      { do: 'compress', tar: false },
      { do: 'write', lines: 8, padding: 26 },
    ],
  ],
  // The state knows only generations that are over, and what followed them was rotated while nobody looked.
  [
    [
      { do: 'rename', create: true },
      { do: 'pause' },
      { do: 'replace' },
      { do: 'start' },
      { do: 'write', lines: 20, padding: 22 },
      { do: 'kill', back: 4 },
      { do: 'pause' },
      { do: 'rename', create: false },
    ],
  ],
  // Truncated, renamed, packed and deleted between two looks: only a descriptor still leads to the second generation.
  [
    [
      { do: 'copyTruncate' },
      { do: 'reopen', complete: true },
      { do: 'write', lines: 14, padding: 1024 },
      { do: 'compress', tar: true },
      { do: 'rotateByPrefix' },
      { do: 'compress', tar: true },
    ],
  ],
];

/** One life of the tailer: what it was started with, and what came of it. */
class Pass {
  readonly recorder = new Recorder();
  readonly from: Positions;
  readonly snapshots: Positions[] = [];
  readonly #tailer: Tailer;
  readonly #mayBeginAlike: boolean;

  constructor(log: string, from: Positions, watch: boolean, mayBeginAlike: boolean) {
    this.#mayBeginAlike = mayBeginAlike;
    this.from = from;
    this.recorder.recall(from);
    this.#tailer = new Tailer({
      sources: [sourceOf(log, { rotate_wait: 0.03, max_line_bytes: MAX_LINE_BYTES })],
      positions: from,
      consumer: this.recorder,
      reporter: this.recorder,
      pollMs: 10,
      watch,
    });
  }

  start(): Promise<void> {
    return this.#tailer.start();
  }

  stop(): Promise<void> {
    return this.#tailer.stop();
  }

  /** Delivered lines, by `keyOf`. */
  delivered(): Map<string, string> {
    const lines = new Map<string, string>();
    for (const { fingerprint, offset, text } of this.recorder.lines_) {
      const key = keyOf(fingerprint, offset, text);
      assert(!lines.has(key), `${key} came twice in one pass`);
      const alike = this.from
        .get(this.recorder.lines_[0]?.source ?? '')
        ?.filter((position) => position.fingerprint === fingerprint);
      // Of several that begin alike it is not said here whose line it is.
      const durable = alike?.length === 1 && !this.#mayBeginAlike ? alike[0] : undefined;
      assert(durable === undefined || offset >= durable.offset, `${key} came though it was durable`);
      lines.set(key, text);
    }
    return lines;
  }
}

async function play(folder: string, actions: readonly Action[], watch: boolean, head: string): Promise<void> {
  const model = new LogModel(folder, head);
  const passes: Pass[] = [];
  let pass: Pass | undefined;
  let state: Positions = new Map();

  const arrived = (): Map<string, string> => new Map(passes.flatMap((one) => [...one.delivered()]));
  const complete = (): boolean => {
    const lines = arrived();
    return [...model.expected()].every(([key, text]) => lines.get(key) === text);
  };
  const start = async (): Promise<void> => {
    if (pass !== undefined) return;
    pass = new Pass(model.path, state, watch, head !== '' || actions.some(({ do: what }) => what === 'hole'));
    passes.push(pass);
    await pass.start();
  };
  const stop = async (back: number): Promise<void> => {
    if (pass === undefined) return;
    await pass.stop();
    pass.snapshots.push(pass.recorder.positions());
    const past = pass.snapshots.at(-1 - back) ?? pass.from;
    // Until a first position is durable, rotated files are none of the tailer's business.
    state = past.size > 0 ? past : pass.recorder.positions();
    pass = undefined;
  };
  const caughtUp = async (): Promise<void> => {
    await start();
    const limit = AbortSignal.timeout(PATIENCE_MS);
    while (!complete() && !limit.aborted) await delay(5);
    const lines = arrived();
    const missing = [...model.expected()]
      .filter(([key, text]) => lines.get(key) !== text)
      .map(([key, text]) => `${key} ${text.slice(0, 16)}`);
    assert.deepEqual(missing, [], 'lines that never came');
  };

  try {
    model.write(1, 0);
    await caughtUp();
    for (const step of actions) {
      if (step.do === 'write') model.write(step.lines, step.padding);
      else if (step.do === 'writePart') model.writePart(step.padding);
      else if (step.do === 'rename') model.rename(step.create);
      else if (step.do === 'reopen') model.reopen(step.complete);
      else if (step.do === 'compress') model.compress(step.tar);
      else if (step.do === 'neighbour') model.neighbour(step.lines);
      else if (step.do === 'part') model.part(step.from);
      else if (step.do === 'start') await start();
      else if (step.do === 'stop') await stop(0);
      else if (step.do === 'kill') await stop(step.back);
      else if (step.do === 'pause') await delay(15);
      else if (step.do === 'replace') {
        // Before the deletion: what nobody could read cannot be asked for.
        model.settle();
        await caughtUp();
        model.replace();
      } else if (step.do === 'hole') model.hole(step.bytes);
      else if (step.do === 'tear') model.tear(step.bytes);
      else if (step.do === 'edit') {
        model.settle();
        // Too little tells no log from another.
        model.write(1, 40);
        await caughtUp();
        model.edit(step.lines);
        // One that is rotated before anybody has seen it is another matter.
        model.settle();
        await caughtUp();
      } else model[step.do]();
      pass?.snapshots.push(pass.recorder.positions());
    }
    model.settle();
    await caughtUp();
    const expected = model.allowed();
    for (const [key, text] of arrived()) assert.equal(expected.get(key), text, `${key} was never written`);
  } finally {
    await stop(0);
    model.close();
  }
}

it.each([
  { watch: true, head: '' },
  { watch: false, head: '' },
  { watch: true, head: 'h'.repeat(1024) },
])(
  'every line arrives once under the right identity, whatever happens to its file, watch: $watch, equal heads: $head.length',
  async ({ watch, head }) => {
    const verdict = await fc.check(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const folder = await mkdtemp(path.join(tmpdir(), 'tailmeter-model-'));
        try {
          await play(folder, actions, watch, head);
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      }),
      {
        seed: SEED,
        numRuns: RUNS,
        examples: FOUND,
        endOnFailure: process.env['PROPERTY_SHRINK'] === undefined,
      },
    );
    // The cause is the assertion within the run.
    expect(verdict.errorInstance).toBeNull();
    expect(fc.defaultReportMessage(verdict)).toBeUndefined();
  },
  600_000,
);
