/** Whether the queue holds what the books say that it holds, and every chunk of it is whole. */
import { basename } from 'node:path';
import { CorruptChunkError, NewerChunkError } from '../errors.ts';
import { decodeChunk } from '../spool/chunk-format.ts';
import { isMissing, type StateFs } from '../spool/state-fs.ts';
import type { LoadedChunk, SealedChunk } from '../types.ts';
import type { Findings } from './findings.ts';
import type { Snapshot } from './snapshot.ts';

/** Compares the books of all destinations with the names of the chunk files, and verifies the files. */
export async function checkQueue(fs: StateFs, snapshot: Snapshot, findings: Findings): Promise<void> {
  const { ledger, chunks } = snapshot;
  for (const destination of new Set([...ledger.destinations().keys(), ...chunks.keys()])) {
    const { events, delivered, duplicates, dead } = ledger.destination(destination);
    const waiting = chunks.get(destination) ?? [];
    const found = waiting.reduce((sum, chunk) => sum + chunk.events, 0);
    const pending = events - delivered - duplicates - dead;
    findings.compare(`destination ${destination}`, 'events in chunk files (pending)', pending, found);
    for (const chunk of waiting) await loadOrTell(fs, snapshot, chunk, findings);
  }
}

/** A chunk of the snapshot; undefined when it was settled and deleted since, or (which is told) is not whole. */
export async function loadOrTell(
  fs: StateFs,
  snapshot: Snapshot,
  chunk: SealedChunk,
  findings: Findings,
): Promise<LoadedChunk | undefined> {
  const scope = `destination ${chunk.destination}`;
  const what = `chunk ${basename(chunk.file)}`;
  try {
    return decodeChunk(chunk, await fs.read(chunk.file));
  } catch (error) {
    if (error instanceof NewerChunkError) findings.note(error.message);
    else if (error instanceof CorruptChunkError) {
      findings.differ({ scope, what, expected: `${chunk.events} events`, found: error.detail });
    } else if (!isMissing(error)) throw error;
    else if (snapshot.absent.has(chunk.sequence)) {
      findings.note(
        `${chunk.file} is gone; the daemon reads its ${chunk.events} events from the log once more`,
      );
    }
    // Only a settled chunk is deleted, and that takes a new checkpoint.
    else if (!(await snapshot.hasMoved())) {
      findings.differ({ scope, what, expected: `${chunk.events} events`, found: 'no file' });
    }
    return undefined;
  }
}
