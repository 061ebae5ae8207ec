/**
 * What a start makes of the state directory: the newest whole checkpoint, moved forward by the chunks that were
 * sealed after it. docs/spool.md pairs each crash window with what happens here.
 *
 * Recovery itself may be cut off anywhere: it only deletes what was never shipped, moves damaged files aside, and
 * leaves the checkpoint to the caller, so that the next one finds the same or less to do.
 */
import { basename, dirname } from 'node:path';
import { NewerChunkError } from '../errors.ts';
import type { Reporter } from '../observe/events.ts';
import type { SealedChunk } from '../types.ts';
import { readCheckpoint, type CheckpointData } from './checkpoint.ts';
import { ChunkFile } from './chunk-file.ts';
import { layoutOf, parseChunkName, type StateLayout } from './layout.ts';
import { Ledger } from './ledger.ts';
import { decidedByName, decidedRange, type DecidedRange } from './decided.ts';
import { allLetters, knownLetters } from './known-letters.ts';
import { keepLetters, type FoundLetters } from './letter-files.ts';
import { applyNewSeals, type NewSeals } from './new-seals.ts';
import { setAside } from './quarantine.ts';
import { scanSpool, type Scan } from './scan.ts';
import type { StateFs } from './state-fs.ts';

export interface Recovered {
  readonly ledger: Ledger;
  /** Unsettled chunks per destination, oldest first. */
  readonly chunks: ReadonlyMap<string, readonly SealedChunk[]>;
  /** Those of them whose files are known to be gone. */
  readonly absent: readonly SealedChunk[];
  /** Settled chunks whose files are still there. */
  readonly settled: readonly SealedChunk[];
  /** Dead letters that reading and shipping on may bring a second time. */
  readonly letters: FoundLetters;
  readonly nextSequence: number;
  /** Ranges whose chunk was put aside: the lines of those that the books do not have are read again. */
  readonly decided: readonly DecidedRange[];
  /** What the last replay was asked to do. */
  readonly plan: string | undefined;
  /** What the accounts of the generations hold for. */
  readonly mapping: string | undefined;
}

/** Nothing is changed when `readOnly`: for status, which may look while a daemon runs or after it has died. */
export interface RecoverOptions {
  readonly reporter: Reporter;
  readonly readOnly: boolean;
  /** Everything may come again, whatever was settled before: a replay. */
  readonly fromTheBeginning?: boolean;
}

/** @throws StateDirError when a later version of tailmeter wrote the checkpoint */
export async function recover(fs: StateFs, stateDir: string, options: RecoverOptions): Promise<Recovered> {
  const { reporter, readOnly, fromTheBeginning = false } = options;
  const layout = layoutOf(stateDir);
  const checkpoint = await readCheckpoint(fs, stateDir, async (file, error) => {
    const aside = readOnly ? file : await setAside(fs, layout, file, basename(file));
    reporter.report({ event: 'checkpoint_damaged', file: aside, error });
  });
  const ledger = new Ledger(checkpoint);
  const { sealedThrough, settledChunks } = ledger;
  const scan = await scanSpool(fs, layout);
  const isSettled = ({ sequence }: Pick<SealedChunk, 'sequence'>): boolean => settledChunks.has(sequence);
  const unsettled = scan.chunks.filter((chunk) => !isSettled(chunk));
  const absent = absentChunks(layout, checkpoint, scan).filter((chunk) => !isSettled(chunk));
  const isKnown = ({ sequence }: SealedChunk): boolean => sequence <= sealedThrough;
  const seals = await applyNewSeals(
    fs,
    ledger,
    unsettled.filter((chunk) => !isKnown(chunk)),
  );
  if (!readOnly) await tidy(fs, layout, reporter, seals, scan.temporary);

  const chunks = Map.groupBy(
    [...unsettled.filter(isKnown), ...absent, ...seals.valid].toSorted((a, b) => a.sequence - b.sequence),
    ({ destination }) => destination,
  );
  if (!readOnly) {
    settleMissing(ledger, [...scan.destinations, ...ledger.destinations().keys()], chunks, reporter);
    reportRecovered(chunks, seals, reporter);
  }
  ledger.cover(scan.lastSequence);
  const letters: FoundLetters = readOnly
    ? { claims: [], tails: new Map() }
    : fromTheBeginning
      ? await allLetters(fs, layout.dead)
      : await knownLetters(fs, layout.dead, checkpoint, ledger, chunks);
  if (!readOnly) await keepLetters(fs, layout.dead, letters.tails);
  return {
    ledger,
    chunks,
    absent,
    settled: scan.chunks.filter(isSettled),
    letters,
    nextSequence: ledger.sealedThrough + 1,
    decided: readOnly ? [] : await decidedRanges(fs, layout, seals, ledger),
    plan: checkpoint.plan,
    mapping: checkpoint.mapping,
  };
}

/** Chunks that the checkpoint says are gone, and that have not come back since. */
function absentChunks(layout: StateLayout, { absent = {} }: CheckpointData, { chunks }: Scan): ChunkFile[] {
  const there = new Set(chunks.map(({ sequence }) => sequence));
  return Object.entries(absent).flatMap(([destination, names]) => {
    const folder = { destination, path: layout.chunks(destination) };
    return names.flatMap((name) => {
      const chunk = parseChunkName(name);
      return chunk === undefined || there.has(chunk.sequence) ? [] : [new ChunkFile(folder, chunk, 0)];
    });
  });
}

/** Those put aside now, and by starts before this one that got no further: as far as they are not in the books. */
async function decidedRanges(
  fs: StateFs,
  { quarantine }: StateLayout,
  { damaged }: NewSeals,
  ledger: Ledger,
): Promise<DecidedRange[]> {
  const named = (await fs.list(quarantine)).flatMap((name) => decidedByName(name) ?? []);
  const positions = [...ledger.sources().values()].flatMap((book) => book.positions);
  return [...damaged.map(({ chunk }) => decidedRange(chunk)), ...named].filter(({ fingerprint, to }) => {
    const alike = positions.filter((position) => position.fingerprint === fingerprint);
    return alike.length === 0 || alike.some(({ offset }) => offset < to);
  });
}

/** Takes what does not count out of the spool folders, and makes what is left there durable. */
async function tidy(
  fs: StateFs,
  layout: StateLayout,
  reporter: Reporter,
  { valid, cutOff, damaged }: NewSeals,
  temporary: readonly string[],
): Promise<void> {
  // What counts must be durable before a checkpoint says so: a process may have been killed before it saw to that.
  const folders = new Set(valid.map(({ file }) => dirname(file)));
  for (const file of [...temporary, ...cutOff.map((chunk) => chunk.file)]) {
    await fs.remove(file);
    folders.add(dirname(file));
  }
  for (const { chunk, error } of damaged) {
    const { destination, file } = chunk;
    const stays = error instanceof NewerChunkError;
    const aside = stays ? file : await setAside(fs, layout, file, `${destination}-${basename(file)}`);
    const event = stays ? 'chunk_too_new' : 'chunk_quarantined';
    reporter.report({ event, destination, file: aside, error });
    folders.add(dirname(file));
  }
  for (const folder of folders) await fs.syncDir(folder);
}

const OF_BEFORE = 'an earlier version lost them with their chunks, and did not keep where they came from';

/** Says what is left of the last run, and what of it no checkpoint knew of. */
function reportRecovered(chunks: Recovered['chunks'], { ranges }: NewSeals, reporter: Reporter): void {
  const waiting = [...chunks.values()].flat();
  if (waiting.length === 0 && ranges === 0) return;
  const pendingEvents = waiting.reduce((sum, { events }) => sum + events, 0);
  reporter.report({ event: 'recovered', pendingEvents, chunks: waiting.length, ranges });
}

/** Accounts for chunks that the books have and the folders do not. */
function settleMissing(
  ledger: Ledger,
  destinations: Iterable<string>,
  chunks: ReadonlyMap<string, readonly SealedChunk[]>,
  reporter: Reporter,
): void {
  for (const destination of new Set(destinations)) {
    const waiting = chunks.get(destination)?.reduce((sum, { events }) => sum + events, 0) ?? 0;
    const gone = ledger.reconcile(destination, waiting);
    if (gone < 0) ledger.losses.cameBack(destination, -gone);
    if (gone > 0) {
      ledger.losses.events({ destination, events: gone, reason: 'their chunks are gone' }, Date.now());
      reporter.report({ event: 'events_missing', destination, events: gone });
    }
    // Version 0.1.0 only counted them.
    const untold = ledger.destination(destination).lost - ledger.losses.eventsOf(destination);
    if (untold > 0) ledger.losses.events({ destination, events: untold, reason: OF_BEFORE }, Date.now());
  }
}
