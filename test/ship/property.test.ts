import { array, assert, asyncProperty, boolean, constantFrom, nat, oneof, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Shipper } from '../../src/ship/shipper.ts';
import { SkippingClock } from './support/clocks.ts';
import type { Behaviour, LagoEvent, LagoServer } from './support/lago-server.ts';
import { unprocessable } from './support/lago-server.ts';
import { MemoryQueue, event } from './support/memory-queue.ts';
import { destination, lagoServer } from './support/setup.ts';

const faults = oneof(
  constantFrom<Behaviour>('lago', 'reset', 'lose', 'break'),
  record({ status: constantFrom(401, 408, 413, 429, 500, 503) }),
  constantFrom<Behaviour>(
    { status: 429, headers: { 'retry-after': '3' } },
    unprocessable({ events: ['too_many_events'] }),
  ),
);

interface Scenario {
  /** Numbers of ids and subscriptions, so that some are equal. */
  readonly chunks: readonly (readonly { id: number; subscription: number }[])[];
  /** One for each request, until they are used up; then the server is well. */
  readonly faults: readonly Behaviour[];
  readonly concurrency: number;
  readonly batchMaxSize: number;
  readonly limited: boolean;
}

const scenarios = record<Scenario>({
  chunks: array(array(record({ id: nat(60), subscription: nat(2) }), { maxLength: 40 }), {
    minLength: 1,
    maxLength: 6,
  }),
  faults: array(faults, { maxLength: 25 }),
  concurrency: constantFrom(1, 2, 5),
  batchMaxSize: constantFrom(1, 3, 10, 100),
  limited: boolean(),
});

/** These ids always fail, in each of the ways in which the text of an event can. */
const ALWAYS: ReadonlyMap<number, Behaviour> = new Map<number, Behaviour>([
  [2, { status: 500 }],
  [12, 'reset'],
  [22, { status: 403, headers: { 'content-type': 'text/html' }, body: '<html>' }],
  [33, { status: 503 }],
  [44, { status: 200, body: 'ok' }],
]);
const numberOf = ({ transaction_id: id }: LagoEvent): number => Number(id.slice(1));
const isCursed = (sent: LagoEvent): boolean => ALWAYS.has(numberOf(sent));

/** Every seventh id breaks Lago's rules, every eleventh breaks the request as a whole. */
const isRejected = ({ transaction_id: id }: LagoEvent): boolean => Number(id.slice(1)) % 7 === 6;
const isPoison = ({ transaction_id: id }: LagoEvent): boolean => Number(id.slice(1)) % 11 === 10;

function lagoWithRules(events: readonly LagoEvent[]): Behaviour {
  const cursed = events.find(isCursed);
  if (cursed !== undefined) return ALWAYS.get(numberOf(cursed))!;
  if (events.some(isPoison)) return { status: 400 };
  const rejected = [...events.entries()].filter(([, sent]) => isRejected(sent));
  if (rejected.length === 0) return 'lago';
  return unprocessable(
    Object.fromEntries(rejected.map(([index]) => [index, { timestamp: ['invalid_format'] }])),
  );
}

async function run(server: LagoServer, scenario: Scenario): Promise<MemoryQueue> {
  const queue = new MemoryQueue();
  let more = 0;
  const clock = new SkippingClock();
  const left = [...scenario.faults];
  server.stored.clear();
  server.behave = ({ events }) => {
    const fault = left.shift() ?? 'lago';
    // An answer about one event, or about size, is only given where it can be true.
    if (events.length === 1 && typeof fault === 'object' && [413, 422].includes(fault.status)) return 'lago';
    const answer = lagoWithRules(events);
    return fault === 'lago' || answer !== 'lago' ? answer : fault;
  };
  const config = destination([server.address, `${server.address}/`], {
    concurrency: scenario.concurrency,
    batch_max_size: scenario.batchMaxSize,
    ...(scenario.limited ? { max_retry_count: 1 } : {}),
  });
  const shipper: Shipper = new Shipper({
    destination: config,
    queue,
    reporter: {
      // Traffic goes on: without any, a server that takes nothing but poison is one that refuses everything.
      report({ event: name }) {
        if (name !== 'batch_failed' && name !== 'destination_held') return;
        // At each of the addresses, whichever is busy.
        for (let i = 0; i < 4; i++) queue.seal([event(`more-${++more}`)]);
        queueMicrotask(() => shipper.wake());
      },
    },
    clock,
    version: '0.0.0',
  });
  for (const chunk of scenario.chunks) {
    queue.seal(chunk.map(({ id, subscription }) => event(`t${id}`, `s${subscription}`)));
  }
  shipper.start();
  await shipper.idle();
  await shipper.stop(0);
  return queue;
}

describe('whatever happens on the way', () => {
  it('every event is stored once or a dead letter, and the counts of each chunk add up', async () => {
    const server = await lagoServer();
    await assert(
      asyncProperty(scenarios, async (scenario) => {
        const queue = await run(server, scenario);
        const dead = new Set(queue.letters.keys());
        const expected = new Set<string>();
        const mayBeStored = new Set<string>();
        for (const [index, chunk] of scenario.chunks.entries()) {
          const settlement = queue.settlements.get(index + 1)!;
          const isDead = (id: number, position: number): boolean =>
            dead.has(`lago:${'f'.repeat(32)}:${index * 1_000_000 + position * 1000}:t${id}`);
          const letters = chunk.filter(({ id }, position) => isDead(id, position));
          expect(settlement.delivered + settlement.duplicates + settlement.dead).toBe(chunk.length);
          expect(settlement.dead).toBe(letters.length);
          for (const [position, { id, subscription }] of chunk.entries()) {
            const key = `s${subscription}/t${id}`;
            if (isDead(id, position)) mayBeStored.add(key);
            else expected.add(key);
          }
        }
        const stored = new Set([...server.stored.keys()].filter((key) => !key.includes('more-')));
        expect([...expected].filter((key) => !stored.has(key))).toEqual([]);
        // Where retries are limited, an event can be stored by a request whose answer was lost, and be given up.
        const unknown = [...stored].filter((key) => !expected.has(key));
        expect(unknown.filter((key) => !scenario.limited || !mayBeStored.has(key))).toEqual([]);
        const unjust = [...queue.letters.values()].filter(({ reason, event: sent }) => {
          const blamed = sent as unknown as LagoEvent;
          if (reason === 'rejected') return !isRejected(blamed);
          if (reason === 'poison') return !isPoison(blamed);
          if (reason === 'refused') return !isCursed(blamed);
          return reason !== 'retries_exhausted' || !scenario.limited;
        });
        expect(unjust).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
