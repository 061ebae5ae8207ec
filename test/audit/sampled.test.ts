import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lineOf } from '../support/lines.ts';
import { AuditSetup, edit } from './support.ts';

/** Every third line fails, with some 2,000 bytes: 1 MiB holds about a third of them. */
const lines = (): string =>
  Array.from({ length: 3000 }, (_, n) =>
    n % 3 === 0 ? `no JSON ${n} ${'x'.repeat(2000)}\n` : lineOf(`r${n}`),
  ).join('');

test('letters that were left out are no difference, and a count of them that does not fit is one', async () => {
  await using setup = await AuditSetup.create();
  const options = { dead: { max_bytes: 1_048_576 } };
  await setup.run({ 'access.log': lines() }, options);
  const left = await setup.audit(options);
  expect(left.differences).toEqual([]);
  expect(left.notes).toEqual([expect.stringMatching(/\d+ dead letters of its lines were left out/)]);
  expect(left.generations).toMatchObject([
    { checked: true, counts: { lines: 3000, dead: 1000, mapped: 2000 } },
  ]);

  for (const file of await readdir(join(setup.state, 'dead'))) {
    await edit(join(setup.state, 'dead', file), (text) => text.split('\n').toSpliced(100, 2).join('\n'));
  }
  expect((await setup.audit(options)).differences).toMatchObject([{ what: 'dead letters of its lines' }]);
  for (const file of await readdir(join(setup.state, 'dead'))) await rm(join(setup.state, 'dead', file));
  expect((await setup.audit(options)).differences).toEqual([]);
});
