import { expect, test } from 'vitest';
import { periodAt } from '../../src/sandbox/period.ts';
import type { Interval } from '../../src/sandbox/resources.ts';

const CASES: [Interval, string | undefined, string, string, string][] = [
  // interval, anniversary, moment, first day, last day
  ['monthly', undefined, '2024-02-29T23:59:59.999Z', '2024-02-01', '2024-02-29'],
  ['monthly', undefined, '2024-03-01T00:00:00.000Z', '2024-03-01', '2024-03-31'],
  ['weekly', undefined, '2026-08-21T10:00:00Z', '2026-08-17', '2026-08-23'],
  ['weekly', undefined, '2026-08-17T00:00:00Z', '2026-08-17', '2026-08-23'],
  ['quarterly', undefined, '2026-08-21T10:00:00Z', '2026-07-01', '2026-09-30'],
  ['semiannual', undefined, '2026-06-30T10:00:00Z', '2026-01-01', '2026-06-30'],
  ['yearly', undefined, '2026-12-31T23:00:00Z', '2026-01-01', '2026-12-31'],
  ['monthly', '2026-01-31T15:00:00Z', '2026-02-15T00:00:00Z', '2026-01-31', '2026-02-27'],
  ['monthly', '2026-01-31T15:00:00Z', '2026-02-28T00:00:00Z', '2026-02-28', '2026-03-30'],
  ['monthly', '2026-01-15T15:00:00Z', '2026-01-15T20:00:00Z', '2026-01-15', '2026-02-14'],
  ['yearly', '2024-02-29T15:00:00Z', '2026-02-27T20:00:00Z', '2025-02-28', '2026-02-27'],
  ['weekly', '2026-08-19T15:00:00Z', '2026-08-21T20:00:00Z', '2026-08-19', '2026-08-25'],
  ['quarterly', '2025-11-30T00:00:00Z', '2026-02-28T00:00:00Z', '2026-02-28', '2026-05-29'],
];

test.for(CASES)('%s from %s: %s is between %s and %s', ([interval, anniversary, moment, first, last]) => {
  const period = periodAt(
    Date.parse(moment),
    interval,
    anniversary === undefined ? undefined : Date.parse(anniversary),
  );
  expect([new Date(period.from).toISOString(), new Date(period.to).toISOString()]).toEqual([
    `${first}T00:00:00.000Z`,
    `${last}T23:59:59.999Z`,
  ]);
});
