import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline as streams } from 'node:stream/promises';
import { createWriteStream } from 'node:fs';
import { createGzip, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { expect, test } from 'vitest';
import { createSandbox } from '../../src/sandbox/server.ts';
import { linesOf, lineOf } from '../support/lines.ts';
import { AuditSetup, edit, mixedLines } from './support.ts';

const rejection = (index: number): object => ({
  status: 422,
  error: 'Unprocessable Entity',
  code: 'validation_errors',
  error_details: { [index]: { code: ['value_is_mandatory'] } },
});

test('books that are right show no difference, offline and online', async () => {
  await using setup = await AuditSetup.create();
  setup.sandbox.faults.next(1, { kind: 'answer', status: 422, body: rejection(3) });
  await setup.run({ 'access.log': mixedLines('a') });
  const report = await setup.audit({ online: true });
  expect(report).toMatchObject({ differences: [], notes: [] });
  expect(report.generations).toMatchObject([
    { checked: true, start: 0, counts: { lines: 25, skipped: 2, dead: 3, mapped: 20, repeated: 0 } },
  ]);
  expect(setup.sandbox.store.size).toBe(19);
});

test('a state directory that does not exist is no difference', async () => {
  await using setup = await AuditSetup.create();
  expect(await setup.audit()).toMatchObject({
    differences: [],
    notes: [expect.stringContaining('nothing was read')],
  });
});

test('generations are found where rotation has put them, packed or not; those that are gone are listed', async () => {
  await using setup = await AuditSetup.create();
  const contents = {
    'access.log': mixedLines('a'),
    'access.log.1': mixedLines('b'),
    'access.log.2': mixedLines('c'),
  };
  await setup.run({ ...contents, 'access.log.3': mixedLines('d') });
  const logs = join(setup.root, 'logs');
  const packed = pack();
  packed.entry({ name: 'other.log' }, linesOf('other', 3));
  packed.entry({ name: 'access.log' }, contents['access.log.2']);
  packed.finalize();
  await streams(
    packed,
    createGzip(),
    createWriteStream(join(logs, '2026-11-20_00-00-00__access.log.tar.gz')),
  );
  await rm(join(logs, 'access.log.2'));
  await writeFile(join(logs, 'access.log.2.gz'), gzipSync(contents['access.log.1']));
  await rm(join(logs, 'access.log.1'));
  await rename(join(logs, 'access.log'), join(logs, 'access.log.1'));
  await rm(join(logs, 'access.log.3'));
  await writeFile(setup.log, linesOf('new', 5));

  const { differences, generations } = await setup.audit({ online: true });
  expect(differences).toEqual([]);
  const found = generations.map(({ path, checked }) => `${path.slice(logs.length + 1)} ${checked}`);
  expect(found.toSorted()).toEqual([
    '2026-11-20_00-00-00__access.log.tar.gz true',
    'access.log.1 true',
    'access.log.2.gz true',
    'access.log.3 false',
  ]);
});

test('a log that does not say any more what it said is a difference', async () => {
  await using setup = await AuditSetup.create();
  await setup.run({ 'access.log': mixedLines('a') });
  await edit(setup.log, (text) => text.replace('"a-5","status":200', '"a-5","status":500'));
  const { differences } = await setup.audit();
  expect(differences.map(({ what, expected, found }) => [what, expected, found])).toEqual([
    ['skipped lines', 2, 3],
    ['mapped lines', 20, 19],
  ]);
});

test('with other rules than those it was read with, a log is not checked', async () => {
  await using setup = await AuditSetup.create();
  await setup.run({ 'access.log': mixedLines('a') });
  const { differences, generations } = await setup.audit({ rule: { filter: [['status', '==', 404]] } });
  expect(differences).toEqual([]);
  expect(generations).toMatchObject([{ checked: false, reason: expect.stringContaining('configuration') }]);
});

test('a chunk that is gone, and nothing else, is a difference', async () => {
  await using setup = await AuditSetup.create();
  await setup.run({ 'access.log': mixedLines('a') }, { deliver: false });
  expect(await setup.audit({ online: true })).toMatchObject({ differences: [] });
  await rm(await setup.singleFile('spool/lago'));
  expect((await setup.audit()).differences).toEqual([
    { scope: 'destination lago', what: 'events in chunk files (pending)', expected: 20, found: 0 },
  ]);
  // The next start gives them up: the books are right again, and say what was lost, until somebody takes note of it.
  await setup.run({});
  const { differences, losses } = await setup.audit();
  expect(differences).toMatchObject([{ what: expect.stringContaining('20 events'), expected: 'delivered' }]);
  expect(losses).toMatchObject([{ kind: 'events', destination: 'lago', events: 20, acknowledged: null }]);
  await setup.acknowledge();
  expect(await setup.audit()).toMatchObject({
    differences: [],
    notes: [expect.stringContaining('20 events were lost')],
    losses: [{ events: 20, acknowledged: expect.stringContaining('T') as string }],
  });
  expect((await setup.audit({ online: true })).differences).toMatchObject([
    { scope: 'destination lago, subscription user-0', expected: 10, found: 0 },
    { scope: 'destination lago, subscription user-1', expected: 10, found: 0 },
  ]);
});

test('a flipped byte in a chunk is a difference; once it is mended from the log, there is none', async () => {
  await using setup = await AuditSetup.create();
  await setup.run({ 'access.log': mixedLines('a') }, { deliver: false });
  await edit(await setup.singleFile('spool/lago'), (text) => text.replace('"a-7"', '"b-7"'));
  expect((await setup.audit()).differences).toMatchObject([
    {
      what: expect.stringContaining('chunk 0'),
      expected: '20 events',
      found: expect.stringContaining('checksum'),
    },
  ]);
  await setup.run({});
  expect(setup.reports.filter(({ event }) => event === 'chunk_restored')).toHaveLength(1);
  expect(await setup.audit({ online: true })).toMatchObject({
    differences: [],
    notes: [expect.stringContaining('its events were read from the log once more')],
  });
});

test('a chunk that cannot be mended, as the rules have changed, is a loss with its range, and then a note', async () => {
  await using setup = await AuditSetup.create();
  await setup.run({ 'access.log': mixedLines('a') }, { deliver: false });
  await edit(await setup.singleFile('spool/lago'), (text) => text.replace('"a-7"', '"b-7"'));
  await setup.run({}, { rule: { event_code: 'another' } });
  expect((await setup.audit()).losses).toMatchObject([
    { kind: 'events', events: 20, path: setup.log, from: 0, acknowledged: null },
  ]);
  await setup.acknowledge();
  const { differences, notes } = await setup.audit({ rule: { event_code: 'another' } });
  expect(differences).toEqual([]);
  expect(notes).toMatchObject([
    expect.stringContaining('20 events were lost'),
    expect.stringContaining('put aside'),
  ]);
});

test('a dead letter that was taken out of its file is a difference, also after a restart', async () => {
  await using setup = await AuditSetup.create();
  await setup.run({ 'access.log': mixedLines('a') });
  await edit(await setup.singleFile('dead', 'lines'), (text) => text.split('\n').toSpliced(1, 1).join('\n'));
  const expected = [{ scope: setup.log, what: 'dead letters of its lines', expected: 3, found: 2 }];
  expect((await setup.audit()).differences).toEqual(expected);
  await setup.run({});
  expect((await setup.audit()).differences).toEqual(expected);
});

test('a dead letter that was changed is a difference', async () => {
  await using setup = await AuditSetup.create();
  await setup.run({ 'access.log': mixedLines('a') });
  const file = await setup.singleFile('dead', 'lines');
  const original = await readFile(file, 'latin1');
  await edit(file, (text) => text.replace('"line":"a is no', '"line":"a is so'));
  expect((await setup.audit()).differences).toMatchObject([{ what: expect.stringMatching(/^lines-.*:1$/) }]);
  await writeFile(file, original.replace('{', '['));
  expect((await setup.audit()).differences).toMatchObject([{ what: expect.stringMatching(/^lines-.*:1$/) }]);
  // One that was made up.
  const letter = JSON.parse(original.split('\n')[0] ?? '') as { id: string; rule?: string };
  await writeFile(file, `${original}${JSON.stringify({ ...letter, rule: 'x', id: `${letter.id}x` })}\n`);
  expect((await setup.audit()).differences).toEqual([
    { scope: setup.log, what: 'dead letters that no line of it explains', expected: 0, found: 1 },
  ]);
});

test('dead letters whose files were cleared away are a note', async () => {
  await using setup = await AuditSetup.create();
  setup.sandbox.faults.next(1, { kind: 'answer', status: 422, body: rejection(3) });
  await setup.run({ 'access.log': mixedLines('a') });
  await rm(join(setup.state, 'dead'), { recursive: true });
  await mkdir(join(setup.state, 'dead'));
  const { differences, notes } = await setup.audit();
  expect(differences).toEqual([]);
  expect(notes).toEqual([
    expect.stringContaining('3 dead letters of its lines are not there'),
    expect.stringContaining('destination lago: 1 dead letters are not there'),
  ]);
});

test('the letter of an event that is taken out of its file is a difference', async () => {
  await using setup = await AuditSetup.create();
  setup.sandbox.faults.next(2, { kind: 'answer', status: 422, body: rejection(3) });
  await setup.run({ 'access.log': mixedLines('a') });
  await edit(await setup.singleFile('dead', 'at-lago'), (text) => text.split('\n').slice(1).join('\n'));
  expect((await setup.audit()).differences).toEqual([
    { scope: 'destination lago', what: 'dead letters', expected: 2, found: 1 },
  ]);
});

test('what Lago does not have is a difference; what it has from elsewhere is a note', async () => {
  await using setup = await AuditSetup.create();
  // More than a page, and two subscriptions.
  await setup.run({ 'access.log': linesOf('a', 250) + mixedLines('b') });
  await using other = await createSandboxWith(
    [...setup.sandbox.store.events()].filter(
      ({ transactionId }) => transactionId !== 'a-77' && transactionId !== 'b-3',
    ),
  );
  expect((await setup.audit({ address: other.url, online: true })).differences).toEqual([
    {
      scope: 'destination lago, subscription jack_test',
      what: 'events at Lago, missing: a-77',
      expected: 250,
      found: 249,
    },
    {
      scope: 'destination lago, subscription user-1',
      what: 'events at Lago, missing: b-3',
      expected: 10,
      found: 9,
    },
  ]);
  await edit(setup.log, (text) => text.replace('"request_id":"b-8"', '"request_id":"b-!"'));
  const { differences, notes } = await setup.audit({ online: true });
  expect(differences).toMatchObject([{ what: 'events at Lago, missing: b-!' }]);
  expect(notes).toEqual([expect.stringContaining('Lago has 1 events of the same time and code')]);
});

test('ten lines with a forged id are one event at Lago, nine repeats in the books, and no difference', async () => {
  await using setup = await AuditSetup.create();
  const lines = Array.from({ length: 10 }, (_, i) => lineOf('forged', { uri: `/${i}` }));
  await setup.run({ 'access.log': lines.join('') + linesOf('honest', 5) });
  const { differences, generations } = await setup.audit({ online: true });
  expect(differences).toEqual([]);
  expect(generations).toMatchObject([{ counts: { lines: 15, mapped: 15, repeated: 9 } }]);
  expect(setup.sandbox.store.size).toBe(6);
  const told = setup.reports.filter(({ event }) => event === 'repeated_id');
  expect(told).toHaveLength(9);
  expect(told[0]).toMatchObject({ path: setup.log, offset: lines[0]?.length, transactionId: 'forged' });
});

test('an answer that is lost makes duplicates, but no repeated ids', async () => {
  await using setup = await AuditSetup.create();
  setup.sandbox.faults.next(1, { kind: 'reset', when: 'after' });
  await setup.run({ 'access.log': linesOf('a', 10) });
  expect(setup.sandbox.store.counts().duplicates).toBeGreaterThan(0);
  const { differences, generations } = await setup.audit({ online: true });
  expect(differences).toEqual([]);
  expect(generations).toMatchObject([{ counts: { mapped: 10, repeated: 0 } }]);
});

/** A sandbox that has these events. */
async function createSandboxWith(
  events: readonly {
    transactionId: string;
    externalSubscriptionId: string | null;
    code: string;
    timestampMs: number;
  }[],
): Promise<AsyncDisposable & { readonly url: string }> {
  const sandbox = await createSandbox();
  for (let i = 0; i < events.length; i += 100) {
    const body = events.slice(i, i + 100).map((event) => ({
      transaction_id: event.transactionId,
      external_subscription_id: event.externalSubscriptionId,
      code: event.code,
      timestamp: event.timestampMs / 1000,
    }));
    const { status } = await fetch(`${sandbox.url}/api/v1/events/batch`, {
      method: 'POST',
      headers: { authorization: 'Bearer lago_sandbox_key', 'content-type': 'application/json' },
      body: JSON.stringify({ events: body }),
    });
    expect(status).toBe(200);
  }
  return { url: sandbox.url, [Symbol.asyncDispose]: () => sandbox.close() };
}

test('a letter of an event that was delivered after all is a note', async () => {
  await using setup = await AuditSetup.create();
  setup.sandbox.faults.next(1, { kind: 'answer', status: 422, body: rejection(3) });
  await setup.run({ 'access.log': mixedLines('a') });
  const file = await setup.singleFile('dead', 'at-lago');
  const letter = JSON.parse(await readFile(file, 'utf8')) as { id: string };
  await edit(file, (text) => `${text}${JSON.stringify({ ...letter, id: `${letter.id}x` })}\n`);
  const { differences, notes } = await setup.audit();
  expect(differences).toEqual([]);
  expect(notes).toEqual([expect.stringContaining('1 dead letters more')]);
});
