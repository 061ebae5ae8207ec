/**
 * The promise under rotation: real NGINX with two workers under load, the real logrotate. The long versions are those
 * of `npm run torture`.
 */
import { describe, expect, test } from 'vitest';
import { faultsOf, rotate, ROTATIONS, type RotationPlan, type While } from '../support/rotation-run.ts';

const { lateSignal, nocreate, compress, copytruncate, copytruncateCompress, reopen, buffered, apisix } =
  ROTATIONS;
const LOAD = { rotations: 3, lines: 1000, perSecond: 6000 };

describe('nothing is lost or doubled under load', () => {
  test.each<RotationPlan>([
    lateSignal,
    nocreate,
    compress,
    copytruncate,
    copytruncateCompress,
    reopen,
    buffered,
    apisix,
  ])('$name', async (plan) => {
    expect(faultsOf(plan, await rotate(plan, { ...LOAD, during: 'running' }))).toEqual([]);
  });
});

describe.each<While>(['stopped', 'down', 'full'])(
  'nothing is lost or doubled by several rotations while the daemon is %s',
  (during) => {
    test.each<RotationPlan>([compress, copytruncateCompress, apisix])('$name', async (plan) => {
      expect(faultsOf(plan, await rotate(plan, { ...LOAD, during }))).toEqual([]);
    });
  },
);
