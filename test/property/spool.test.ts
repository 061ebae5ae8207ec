/**
 * Random runs of a spool: reading, sealing, shipping, waiting, rotation, faults of every kind, kills and losses of
 * power (of which any part of what was not synced may survive), a disk that is full for a while. Whatever happened,
 * a last undisturbed run brings every line to the server or the dead letters exactly once, and the books say so.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../support/faulty-fs.ts';
import { DESTINATIONS, logOf, outcomeOf, World, type Log, type Run } from '../spool/support/world.ts';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 100);
/** Far more than it takes, also where much else runs. */
const PATIENCE_MS = 120_000 + RUNS * 1000;

type Action =
  | { do: 'read'; log: number; lines: number }
  | { do: 'flush' }
  | { do: 'ship'; destination: number; chunks: number; slowly?: boolean }
  | { do: 'wait'; ms: number }
  | { do: 'full'; ms: number }
  | { do: 'fault'; after: number; fault: Fault; again?: { after: number; fault: Fault } | undefined }
  | { do: 'kill' }
  | { do: 'lose power'; kept: number }
  | { do: 'restart' };

const fault = fc.constantFrom<Fault>(
  'fail',
  'fail_after',
  'torn',
  'stop_before',
  'stop_torn',
  'stop_unsynced',
  'stop_after',
);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('read'), log: fc.nat(2), lines: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('flush') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ship'),
      destination: fc.nat(1),
      chunks: fc.integer({ min: 1, max: 3 }),
      slowly: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(100, 300, 1200, 6000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('full'), ms: fc.constantFrom(500, 3000) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('fault'),
      after: fc.nat(12),
      fault,
      again: fc.option(fc.record({ after: fc.nat(6), fault }), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill') }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('lose power'), kept: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart') }) },
);

/** What lines become: nothing, events, dead letters, events that are rejected, and mixtures. */
const fates = fc.array(fc.constantFrom('-', 'd', '0', '1', 'r', '01', '0d', 'r1', '01r'), {
  minLength: 3,
  maxLength: 14,
});

/** Stories that failed once. */
const FOUND: [string[], string[], string[], Action[]][] = [
  // A chunk whose name was only in the page cache when a start took it into its checkpoint.
  [
    ['-', '-', '-'],
    ['-', '-', '-'],
    ['-', '01', '-'],
    [
      { do: 'read', log: 2, lines: 2 },
      { do: 'fault', after: 4, fault: 'stop_torn' },
      { do: 'flush' },
      { do: 'wait', ms: 100 },
      { do: 'lose power', kept: 0 },
    ],
  ],
  // A dead letter of a range whose chunk was cut off, with a whole run between that did not come to read it again.
  [
    ['-', '-', '-'],
    ['-', '-', '0d'],
    ['-', '-', '-'],
    [
      { do: 'read', log: 1, lines: 3 },
      { do: 'fault', after: 1, fault: 'stop_torn' },
      { do: 'flush' },
      { do: 'ship', destination: 0, chunks: 1 },
    ],
  ],
];

const linesOf = (prefix: string, whats: readonly string[]): string[] =>
  whats.map((what, n) => `${prefix}${n} ${what}`);

class Story {
  readonly #world: World;
  readonly #logs: readonly Log[];
  #run: Run | undefined;

  constructor(world: World, logs: readonly Log[]) {
    this.#world = world;
    this.#logs = logs;
  }

  async live(actions: readonly Action[]): Promise<void> {
    for (const each of actions) await this.#act(each);
    this.#world.fs.full = false;
    this.#world.fs.fault = () => undefined;
    this.#world.fs = await this.#world.fs.reboot();
  }

  async #act(each: Action): Promise<void> {
    const world = this.#world;
    const { fs, clock } = world;
    switch (each.do) {
      case 'read':
        return this.#alive((run) => run.read(this.#logs[each.log]!, each.lines));
      case 'flush':
        return this.#alive((run) => run.spool.flush());
      case 'ship':
        world.shippingMs = each.slowly === true ? 300 : 0;
        return this.#alive((run) => run.ship(DESTINATIONS[each.destination]!, each.chunks));
      case 'wait':
        return this.#alive(() => clock.sleep(each.ms));
      case 'full': {
        fs.full = true;
        const over = clock.sleep(each.ms).then(() => (fs.full = false));
        return this.#alive(() => over);
      }
      case 'fault': {
        const { after, fault, again } = each;
        const first = fs.changes + after;
        const second = first + 1 + (again?.after ?? 0);
        fs.fault = ({ index }) => (index === first ? fault : index === second ? again?.fault : undefined);
        return;
      }
      case 'kill':
        return this.#die(() => fs.reboot());
      case 'lose power': {
        return this.#die(() => fs.losePower((count) => Math.floor((count + 1) * each.kept)));
      }
      case 'restart':
        await this.#alive((run) => run.spool.close());
        return this.#die(() => fs.reboot());
    }
  }

  /** Does something in the run that is under way, or a new one. An error or its end during that ends the run. */
  async #alive(work: (run: Run) => Promise<unknown>): Promise<void> {
    const { fs, clock } = this.#world;
    const live = async (): Promise<void> => {
      this.#run ??= await this.#world.boot();
      await work(this.#run);
    };
    const failed = clock.until(live()).then(
      () => false,
      (error: unknown) => {
        if (!String(error).includes('injected')) throw error;
        return true;
      },
    );
    if (await Promise.race([failed, fs.died.then(() => true)])) await this.#die(() => fs.reboot());
  }

  async #die(reboot: () => Promise<World['fs']>): Promise<void> {
    this.#run = undefined;
    this.#world.fs = await reboot();
  }
}

describe('the spool', () => {
  test(
    'loses and doubles nothing, whatever happens to it',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fates,
          fates,
          fates,
          fc.array(action, { maxLength: 40 }),
          async (a, b, next, actions) => {
            const logs = [
              logOf('a.log', linesOf('a', a), { rotated: true }),
              logOf('b.log', linesOf('b', b), { ino: '8' }),
              logOf('a.log', linesOf('n', next), { ino: '9' }),
            ];
            const world = await World.create();
            try {
              await new Story(world, logs).live(actions);
              expect(await world.imbalances()).toEqual([]);
              await world.finish(logs);
              expect(await world.outcome()).toEqual(outcomeOf(logs));
            } finally {
              await world.remove();
            }
          },
        ),
        { numRuns: RUNS, examples: FOUND },
      );
    },
    PATIENCE_MS,
  );
});
