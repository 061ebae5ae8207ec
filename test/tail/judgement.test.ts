import { expect, it } from 'vitest';
import { judge, type Situation } from '../../src/tail/judgement.ts';

/** Nothing is known of the file; it appeared just when its log was rotated, and has been quiet since. */
const ROTATED: Situation = {
  first: false,
  isSince: false,
  bornSince: false,
  rotated: true,
  matched: false,
  grown: false,
  late: false,
  inSequence: true,
  quiet: true,
  settled: true,
};
/** It was there at the start, and is younger than what was read last. */
const FOUND: Situation = { ...ROTATED, first: true, isSince: true, rotated: false };

it.each<[string, Situation, string]>([
  ['appeared with a rotation', ROTATED, 'read'],
  ['appeared with a rotation, and is written to still', { ...ROTATED, quiet: false }, 'wait, likely'],
  ['appeared with a rotation, and is written to for long', { ...ROTATED, grown: true }, 'ignore, grown'],
  ['appeared with a rotation, as .8443', { ...ROTATED, inSequence: false }, 'ignore, sequence'],
  ['appeared by itself just now', { ...ROTATED, rotated: false, settled: false }, 'wait'],
  ['appeared by itself some time ago', { ...ROTATED, rotated: false }, 'ignore, not_rotated'],
  ['appeared by itself, but the glob names it', { ...ROTATED, rotated: false, matched: true }, 'read'],
  ['was there, and came after what was read', FOUND, 'read'],
  ['was there, came after, and is written to still', { ...FOUND, quiet: false }, 'wait, likely'],
  ['was there, and is written to beside the log', { ...FOUND, late: true }, 'ignore, late'],
  ['was there, quiet at first, and then written to', { ...FOUND, grown: true }, 'ignore, grown'],
  ['was there, as .8443', { ...FOUND, inSequence: false }, 'ignore, sequence'],
  ['was there, and is older', { ...FOUND, isSince: false }, 'history'],
  [
    'was there, is older by its last write, but was created later',
    { ...FOUND, isSince: false, bornSince: true },
    'ignore, unsure',
  ],
  ['was there, is older, and the glob names it', { ...FOUND, isSince: false, matched: true }, 'history'],
  ['was there, came after, grows, and the glob names it', { ...FOUND, late: true, matched: true }, 'read'],
])('a file that nobody knows and that %s: %#', (_, situation, expected) => {
  const judgement = judge(situation);
  const more = judgement.kind === 'ignore' ? judgement.doubt : undefined;
  const likely = judgement.kind === 'wait' && judgement.likely ? 'likely' : undefined;
  expect([judgement.kind, more, likely].filter((word) => word !== undefined).join(', ')).toBe(expected);
});
