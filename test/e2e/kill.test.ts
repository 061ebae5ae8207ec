import { expect, test } from 'vitest';
import { killAtRandom } from '../support/kill-run.ts';
import { seedFromEnvironment } from '../support/random.ts';
import { faultsOf } from '../support/rotation-run.ts';

test('50 times kill -9 at random moments, under load, with a misbehaving Lago: each line arrives once', async () => {
  const seed = seedFromEnvironment('kill -9');
  const outcome = await killAtRandom({
    seed,
    kills: 50,
    maxLifeMs: 1500,
    perSecond: 1500,
    killsPerRotation: 10,
  });
  expect({ seed, wrong: faultsOf({}, outcome) }).toEqual({ seed, wrong: [] });
  const [lago] = outcome.status.destinations;
  // It was a test: the daemon lived, delivered, met each fault, and sent again what it could not know of.
  expect(outcome.started).toBeGreaterThan(1);
  expect(Object.keys(outcome.met)).toHaveLength(7);
  expect(lago).toMatchObject({ events: outcome.written, dead: 0, pending: 0 });
  expect(lago?.duplicates).toBeGreaterThan(0);
}, 180_000);
