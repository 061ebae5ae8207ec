/**
 * `tailmeter audit`: proves the books from the files. START HERE.
 *
 *  1. The counts of each source and destination add up.                                     generations.ts, chunks.ts
 *  2. What counts as pending lies in whole chunk files.                                     chunks.ts
 *  3. Each generation that still exists gives the lines that its account says.              generations.ts
 *  4. Each line and event that counts as dead has its letter, and no letter is too many.    letters.ts
 *  5. What was lost is acknowledged.                                                         losses.ts
 *  6. What could not be looked at is told, and so is what is not read yet.                  unread.ts
 *  7. With `online`: Lago has each event that is neither pending nor dead.                  online.ts
 *
 * Nothing is changed, and a daemon may run meanwhile: everything is compared with one snapshot of the books, and what
 * came after it is left out.
 */
import { join } from 'node:path';
import type { Config } from '../config/types.ts';
import { layoutOf } from '../spool/layout.ts';
import { diskFs } from '../spool/state-fs.ts';
import { unverifiedRanges } from '../spool/unverified-book.ts';
import type { Clock } from '../types.ts';
import { checkQueue } from './chunks.ts';
import { Findings, type AuditReport } from './findings.ts';
import { checkGenerations } from './generations.ts';
import { readLetterBook } from './letter-book.ts';
import { checkEventLetters, checkLineLetters } from './letters.ts';
import { tellLosses } from './losses.ts';
import { checkLago } from './online.ts';
import { takeSnapshot } from './snapshot.ts';
import { tellUnread } from './unread.ts';

export interface AuditOptions {
  /** With secrets resolved when `online`. */
  readonly config: Config;
  /** Ask Lago, too. */
  readonly online?: { readonly clock: Clock; readonly userAgent: string };
}

/**
 * @throws StateDirError when the state directory cannot be read
 * @throws LagoAnswerError when Lago does not answer what is asked
 */
export async function audit({ config, online }: AuditOptions): Promise<AuditReport> {
  const { state_dir: stateDir, destinations } = config;
  const fs = diskFs;
  const findings = new Findings();
  const snapshot = await takeSnapshot(fs, stateDir);
  if (snapshot.ledger.sources().size === 0) findings.note(`${stateDir} holds no books: nothing was read yet`);
  await checkQueue(fs, snapshot, findings);
  const accounts = [...snapshot.ledger.sources().values()].flatMap(({ positions }) => positions);
  const fingerprints = new Set(accounts.map(({ fingerprint }) => fingerprint));
  const book = await readLetterBook(fs, stateDir, snapshot.letters, fingerprints);
  const ranges = await checkGenerations(config, snapshot, book.implausible, findings);
  await checkLineLetters(snapshot, ranges, book, findings);
  await checkEventLetters(fs, snapshot, book, findings);
  tellLosses(snapshot, stateDir, findings);
  await tellUnread(fs, config, findings);
  const { quarantine } = layoutOf(stateDir);
  for (const name of await fs.list(quarantine)) {
    findings.note(
      `${join(quarantine, name)} was damaged and put aside; its events were read from the log once more, unless they count as lost: delete it when you know why`,
    );
  }
  for (const { path, from, to, lines } of await unverifiedRanges(fs, join(stateDir, 'replay'))) {
    const range = `${path}, bytes ${from} to ${to ?? '?'}`;
    findings.note(
      `${range}: ${lines ?? 'some'} lines were billed though they do not verify (replay --accept-damaged)`,
    );
  }
  if (online !== undefined) {
    for (const [number, destination] of destinations.entries()) {
      await checkLago(destination, number, { fs, stateDir, snapshot, ranges, ...online }, findings);
    }
  }
  return findings;
}
