/** What a run has come to: the ids in the logs against those at the sandbox, and the books. */
import type { Status } from '../../src/control/status.ts';
import type { DeadLetter } from '../../src/types.ts';
import { readDeadLetters } from './dead-letters.ts';
import { compareIds, requestIdsIn } from './ids.ts';
import type { Scenario } from './scenario.ts';
import { statusOf, type Daemon } from './tailmeter.ts';

export interface Outcome {
  /** Whole lines in the logs, rotated and packed ones included. */
  readonly written: number;
  /** Ids in the logs that did not arrive. */
  readonly lost: readonly string[];
  /** Ids that arrived, but stand in no log. */
  readonly unknown: readonly string[];
  /** Events that the sandbox refused because it had them already. */
  readonly resent: number;
  readonly letters: readonly DeadLetter[];
  /** Each book that does not balance, as a sentence. */
  readonly imbalances: readonly string[];
  readonly status: Status;
}

/**
 * Stops the gateway, waits until the sandbox has every id of its logs, stops the daemon and counts.
 * @param patienceMs Ids that have not arrived after so long are lost.
 */
export async function settle(
  { gateway, logs, sandbox, state, config }: Scenario,
  daemon: Daemon,
  patienceMs = 60_000,
): Promise<Outcome> {
  await gateway.stop();
  const ids = await requestIdsIn(logs);
  await arrival(sandbox.store, ids, AbortSignal.timeout(patienceMs));
  await daemon.stop();
  const { missing, unknown } = compareIds(ids, sandbox.store.transactionIds());
  const status = await statusOf(config);
  return {
    written: ids.length,
    lost: missing,
    unknown,
    resent: sandbox.store.counts().duplicates,
    letters: await readDeadLetters(state),
    imbalances: imbalances(status),
    status,
  };
}

/** Resolves when all of `ids` are stored, or the signal aborts. */
async function arrival(
  store: Scenario['sandbox']['store'],
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const missing = new Set(ids);
  let seen = 0;
  while (!signal.aborted) {
    const arrived = store.transactionIds();
    for (; seen < arrived.length; seen++) missing.delete(arrived[seen] ?? '');
    if (missing.size === 0) return;
    // At least so many more are needed, whatever else arrives.
    await store.stored(seen + missing.size, signal).catch(() => undefined);
  }
}

/** The two equations of the books, and that everything is settled. */
export function imbalances({ sources, destinations }: Status): string[] {
  const wrong: string[] = [];
  for (const { source, lines, skipped, dead, mapped } of sources) {
    if (lines !== skipped + dead + mapped) {
      wrong.push(`${source}: ${lines} lines ≠ ${skipped} skipped + ${dead} dead + ${mapped} mapped`);
    }
  }
  for (const { destination, events, delivered, duplicates, dead, pending } of destinations) {
    if (events !== delivered + duplicates + dead + pending) {
      wrong.push(
        `${destination}: ${events} events ≠ ${delivered} delivered + ${duplicates} duplicates + ${dead} dead + ${pending} pending`,
      );
    }
    if (pending !== 0) wrong.push(`${destination}: ${pending} events are pending`);
  }
  return wrong;
}

/**
 * Everything that is wrong with a run, as sentences; none for a good one.
 * @param sent Requests that the gateway answered.
 */
export function problemsOf(outcome: Outcome, sent: number): string[] {
  const { written, lost, unknown, letters, imbalances, status } = outcome;
  const wrong = [...imbalances];
  const lines = status.sources.reduce((sum, source) => sum + source.lines, 0);
  if (lost.length > 0) wrong.push(`${lost.length} lines were lost, the first is ${lost[0]}`);
  if (unknown.length > 0) wrong.push(`${unknown.length} ids stand in no log, the first is ${unknown[0]}`);
  if (written !== sent) wrong.push(`${written} lines are in the logs, of ${sent} requests`);
  if (lines !== written) wrong.push(`${lines} lines were counted, of ${written} written`);
  if (letters.length > 0)
    wrong.push(`${letters.length} dead letters, the first is ${JSON.stringify(letters[0])}`);
  return wrong;
}
