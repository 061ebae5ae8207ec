/** What the torture runs, each for as long as it is told. */
import { claimAtOnce } from '../support/claim-rounds.ts';
import { killAtRandom } from '../support/kill-run.ts';
import {
  faultsOf,
  rotate,
  ROTATIONS,
  type RotationOutcome,
  type RotationPlan,
  type While,
} from '../support/rotation-run.ts';

export interface Counts {
  readonly written: number;
  readonly lost: number;
  /** Ids that arrived and stand in no log: with copytruncate, lines that it lost after they were read. */
  readonly unknown: number;
  readonly resent: number;
  readonly wrong: readonly string[];
}

export interface Result extends Counts {
  readonly name: string;
}

export interface TortureScenario {
  readonly name: string;
  /** Resolves when all has settled; rejects only when the scenario itself breaks down. */
  readonly run: (forMs: number) => Promise<Counts>;
}

const PER_SECOND = 4000;
const PATIENCE_MS = 120_000;
const LINES = 1000;
/** However long the torture is to take. */
const CLAIM_ROUNDS = 200;
/** Time from the start of a process to its death, half of this on average. */
const MAX_LIFE_MS = 2000;

const AWAY: readonly While[] = ['stopped', 'down', 'full'];

export function scenarios(seed: number): TortureScenario[] {
  const { compress, copytruncateCompress, apisix } = ROTATIONS;
  return [
    ...Object.values(ROTATIONS).map((plan) => rotating(plan, 'running')),
    ...AWAY.flatMap((during) =>
      [compress, copytruncateCompress, apisix].map((plan) => rotating(plan, during)),
    ),
    {
      name: 'kill -9 at random moments, Lago misbehaves',
      run: async (forMs) => {
        const outcome = await killAtRandom({
          seed,
          kills: Math.ceil((forMs * 2) / MAX_LIFE_MS),
          maxLifeMs: MAX_LIFE_MS,
          perSecond: PER_SECOND / 2,
          killsPerRotation: 10,
          patienceMs: PATIENCE_MS,
        });
        return countsOf({}, outcome);
      },
    },
    {
      name: `${CLAIM_ROUNDS} times 20 starts at once on what a crash has left`,
      run: async () => {
        const wrong = await claimAtOnce({ rounds: CLAIM_ROUNDS, starts: 20 });
        return { written: 0, lost: 0, unknown: 0, resent: 0, wrong };
      },
    },
  ];
}

function rotating(plan: RotationPlan, during: While): TortureScenario {
  return {
    name:
      during === 'running'
        ? plan.name
        : `${plan.name}; daemon ${during === 'full' ? 'waits, spool full' : during}`,
    run: async (forMs) => {
      const options = {
        during,
        rotations: 3,
        lines: LINES,
        perSecond: PER_SECOND,
        forMs,
        patienceMs: PATIENCE_MS,
      };
      return countsOf(plan, await rotate(plan, options));
    },
  };
}

function countsOf(plan: Pick<RotationPlan, 'lossy'>, outcome: RotationOutcome): Counts {
  const { written, lost, unknown, resent } = outcome;
  return { written, lost: lost.length, unknown: unknown.length, resent, wrong: faultsOf(plan, outcome) };
}
