import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineLetterId } from '../../src/spool/line-letters.ts';
import type { LineMapper } from '../../src/types.ts';
import { World, type Run } from './support/world.ts';

const generation = {
  dev: '1',
  ino: '7',
  fingerprint: 'f00d'.repeat(8),
  fingerprintBytes: 5,
  path: '/log/a.log',
};

let world: World;
let run: Run;
beforeEach(async () => {
  world = await World.create({ mapper: broken });
  run = await world.boot();
});
afterEach(() => world.remove());

/** Nothing can be made of any line. */
const broken: Pick<LineMapper, 'map'> = {
  map: (_bytes, _start, _end, _place, sink) => {
    // What was begun and not finished is taken back.
    sink.writer(0).text('{"transaction_id":"half');
    sink.dead({ reason: 'not_json', message: 'no object at byte 0' });
    return 'dead';
  },
};

const take = (text: string | Buffer, unterminated = false): void | Promise<void> =>
  run.spool.intake.lines({ source: 'a.log', generation, offset: 0, bytes: Buffer.from(text), unterminated });

test('a line that cannot be mapped becomes a dead letter with its place and text', async () => {
  await take('good? no\n');
  await run.spool.flush();
  expect(await world.letters()).toEqual([
    {
      id: expect.stringMatching(/^(?:f00d){8}:0:[0-9a-f]{16}:$/) as string,
      time: new Date(world.clock.now()).toISOString(),
      reason: 'not_json',
      message: 'no object at byte 0',
      source: 'a.log',
      path: '/log/a.log',
      fingerprint: generation.fingerprint,
      offset: 0,
      line: 'good? no',
    },
  ]);
  expect(world.reported('line_dead')).toMatchObject([{ offset: 0, reason: 'not_json' }]);
  expect(run.spool.ledger.sources().get('a.log')?.counts).toMatchObject({ lines: 1, dead: 1 });
});

test('a line that is not UTF-8 is kept as its bytes', async () => {
  const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x80, 0x7d]);
  await take(Buffer.concat([bytes, Buffer.from('\n')]));
  await run.spool.flush();
  const [letter] = await world.letters();
  expect(letter?.line).toBeUndefined();
  expect(Buffer.from(letter?.line_base64 ?? '', 'base64')).toEqual(bytes);
});

test('a last line without a newline that is no JSON is one that was cut off', async () => {
  await take('{"a":1}\n{"a":', true);
  await run.spool.flush();
  expect(await world.letters()).toMatchObject([
    { reason: 'not_json', offset: 0 },
    { reason: 'unterminated_line', offset: 8, message: 'cut off: no object at byte 0', line: '{"a":' },
  ]);
  expect(run.spool.positions().get('a.log')).toMatchObject([{ offset: 13 }]);
});

test('a line that is too long is kept by its beginning, and reading goes on behind it', async () => {
  await run.spool.intake.oversize({
    source: 'a.log',
    generation,
    offset: 0,
    length: 5_000_000,
    tail: Buffer.alloc(0),
    head: Buffer.from('{"uri":"/aaaa'),
    nextOffset: 5_000_001,
  });
  await run.spool.flush();
  expect(await world.letters()).toMatchObject([
    { reason: 'line_too_long', line: '{"uri":"/aaaa', line_bytes: 5_000_000, offset: 0 },
  ]);
  expect(run.spool.positions().get('a.log')).toMatchObject([{ offset: 5_000_001 }]);
});

test('what is kept of a line that is too long ends with a whole character, and its id is that of 0.1.0', async () => {
  const line = Buffer.from('é'.repeat(40_000));
  const head = line.subarray(0, 65_535);
  await run.spool.intake.oversize({
    source: 'a.log',
    generation,
    offset: 0,
    length: line.length,
    head,
    tail: Buffer.alloc(0),
    nextOffset: line.length + 1,
  });
  await run.spool.flush();
  const [letter] = await world.letters();
  expect(letter).toMatchObject({ line: 'é'.repeat(32_767), line_bytes: 80_000 });
  expect(letter?.id).toBe(lineLetterId(generation.fingerprint, 0, line.subarray(0, 1024)));
});

test('many lines that are too long are sealed before they fill the memory', async () => {
  let offset = 0;
  for (let lines = 0; lines < 200; lines++) {
    await run.spool.intake.oversize({
      source: 'a.log',
      generation,
      offset,
      length: 70_000,
      head: Buffer.alloc(65_536, 0x61),
      tail: Buffer.alloc(0),
      nextOffset: offset + 70_001,
    });
    offset += 70_001;
    // What is open and what waits for the disk.
    expect(run.spool.openCounts().sources.reduce((sum, [, counts]) => sum + counts.dead, 0)).toBeLessThan(67);
  }
  await run.spool.flush();
  expect(await world.letters()).toHaveLength(200);
});

test('lines that do not follow on the last one are a bug that shows', async () => {
  await take('one\n');
  await expect(
    (async () =>
      run.spool.intake.lines({
        source: 'a.log',
        generation,
        offset: 100,
        bytes: Buffer.from('x\n'),
        unterminated: false,
      }))(),
  ).rejects.toThrow('lines at 100 do not follow on 4');
});
