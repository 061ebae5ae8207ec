/**
 * Compares the events that the logs give with those that Lago has, by subscription and window of time.
 *
 * Memory: the transaction ids of the subscriptions that are looked at together, about 150 bytes each. Where the logs
 * give more than `MOST_EVENTS` events, subscriptions are looked at in several passes over the logs.
 */
import { hash } from 'node:crypto';
import type { LagoDestinationConfig } from '../config/types.ts';
import { LagoEvents } from '../ship/lago-events.ts';
import type { StateFs } from '../spool/state-fs.ts';
import type { Clock } from '../types.ts';
import { loadOrTell } from './chunks.ts';
import { eventKey } from './event-key.ts';
import { Findings } from './findings.ts';
import type { CheckedRange } from './generations.ts';
import { readLetterBook } from './letter-book.ts';
import { reread, type RereadVisitor } from './reread.ts';
import type { Snapshot } from './snapshot.ts';

const MOST_EVENTS = 2_000_000;
/** Lago may keep times less exactly than we send them. */
const MARGIN_MS = 1000;
const EXAMPLES = 5;

export interface OnlineOptions {
  readonly fs: StateFs;
  readonly snapshot: Snapshot;
  readonly ranges: readonly CheckedRange[];
  readonly stateDir: string;
  readonly clock: Clock;
  readonly userAgent: string;
}

/** `due`: Lago must have it; `not_due`: it is pending or dead; `found`: Lago has it. */
type State = 'due' | 'not_due' | 'found';

interface Subscription {
  readonly ids: Map<string, State>;
  readonly codes: Set<string>;
  fromMs: number;
  toMs: number;
}

interface MappedEvent {
  readonly transaction_id: string;
  readonly external_subscription_id: string;
  readonly code: string;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** @throws LagoAnswerError when Lago does not answer what is asked. */
export async function checkLago(
  destination: LagoDestinationConfig,
  number: number,
  options: OnlineOptions,
  findings: Findings,
): Promise<void> {
  const { ranges, clock, userAgent } = options;
  const passes = Math.ceil(ranges.reduce((sum, { events }) => sum + events, 0) / MOST_EVENTS);
  const lago = new LagoEvents(destination, clock, userAgent);
  try {
    for (let pass = 0; pass < passes; pass++) {
      const isNow = (subscription: string): boolean => passes === 1 || partOf(subscription) % passes === pass;
      const subscriptions = await gather(ranges, number, isNow);
      await settleOthers(destination.name, subscriptions, options);
      for (const [name, subscription] of subscriptions) {
        await compare(
          lago,
          `destination ${destination.name}, subscription ${name}`,
          name,
          subscription,
          findings,
        );
      }
    }
  } finally {
    await lago.close();
  }
}

const partOf = (subscription: string): number => Number.parseInt(hash('sha1', subscription).slice(0, 8), 16);

/** What the logs give to one destination, by subscription. */
async function gather(
  ranges: readonly CheckedRange[],
  number: number,
  isNow: (subscription: string) => boolean,
): Promise<Map<string, Subscription>> {
  const subscriptions = new Map<string, Subscription>();
  const take = ({
    transaction_id: id,
    external_subscription_id: name,
    code,
    timestamp,
  }: MappedEvent): void => {
    if (!isNow(name)) return;
    let subscription = subscriptions.get(name);
    if (subscription === undefined) {
      subscription = { ids: new Map(), codes: new Set(), fromMs: Infinity, toMs: -Infinity };
      subscriptions.set(name, subscription);
    }
    const ms = Math.round(timestamp * 1000);
    subscription.ids.set(id, 'due');
    subscription.codes.add(code);
    subscription.fromMs = Math.min(subscription.fromMs, ms);
    subscription.toMs = Math.max(subscription.toMs, ms);
  };
  for (const { path, source, account, mapper, decided } of ranges) {
    const visitor: RereadVisitor = {
      event: (destination, json) => {
        if (destination === number) take(JSON.parse(json.toString('utf8')) as MappedEvent);
      },
    };
    await reread(path, source, account, mapper, visitor, decided);
  }
  return subscriptions;
}

/**
 * Events that still wait, or were given up, need not be at Lago. First the chunks, then the letters: a chunk that was
 * settled and deleted since the snapshot has its letters by now.
 */
async function settleOthers(
  destination: string,
  subscriptions: ReadonlyMap<string, Subscription>,
  { fs, snapshot, stateDir }: OnlineOptions,
): Promise<void> {
  const settle = (subscription: string, id: string): void => {
    const ids = subscriptions.get(subscription)?.ids;
    if (ids?.has(id) === true) ids.set(id, 'not_due');
  };
  for (const chunk of snapshot.chunks.get(destination) ?? []) {
    // What is wrong with it was told before.
    const loaded = await loadOrTell(fs, snapshot, chunk, new Findings());
    if (loaded === undefined) continue;
    for (let i = 0; i < chunk.events; i++) {
      const json = loaded.body.toString('utf8', loaded.starts[i], loaded.starts[i + 1]);
      const event = JSON.parse(json) as MappedEvent;
      settle(event.external_subscription_id, event.transaction_id);
    }
  }
  const { events } = await readLetterBook(fs, stateDir, snapshot.letters, new Set());
  const dead = new Set(events.get(destination)?.values());
  if (dead.size === 0) return;
  for (const [name, { ids }] of subscriptions) {
    for (const id of ids.keys()) {
      if (dead.has(eventKey({ external_subscription_id: name, transaction_id: id }))) settle(name, id);
    }
  }
}

async function compare(
  lago: LagoEvents,
  scope: string,
  name: string,
  { ids, codes, fromMs, toMs }: Subscription,
  findings: Findings,
): Promise<void> {
  const due = [...ids.values()].filter((state) => state === 'due').length;
  let unknown = 0;
  const query = { subscription: name, fromMs: fromMs - MARGIN_MS, toMs: toMs + MARGIN_MS };
  for await (const page of lago.list(query)) {
    for (const { transaction_id: id, code, timestamp } of page) {
      if (!codes.has(code)) continue;
      const ms = Date.parse(timestamp);
      const state = ids.get(id);
      if (state === 'due') ids.set(id, 'found');
      else if (state === undefined && ms >= fromMs && ms <= toMs) unknown++;
    }
  }
  const missing = [...ids].filter(([, state]) => state === 'due').map(([id]) => id);
  if (missing.length > 0) {
    const examples = missing.slice(0, EXAMPLES).join(', ') + (missing.length > EXAMPLES ? ', …' : '');
    const what = `events at Lago, missing: ${examples}`;
    findings.differ({ scope, what, expected: due, found: due - missing.length });
  }
  if (unknown > 0) {
    findings.note(
      `${scope}: Lago has ${unknown} events of the same time and code that no line that was read gives`,
    );
  }
}
