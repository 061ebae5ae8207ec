/** Compares the dead letters with the lines that were read again and with the counts of the destinations. */
import { entriesOf } from '../spool/sampled.ts';
import type { StateFs } from '../spool/state-fs.ts';
import { loadOrTell } from './chunks.ts';
import { Findings } from './findings.ts';
import type { CheckedRange } from './generations.ts';
import type { LetterBook, LetterFiles } from './letter-book.ts';
import type { Snapshot } from './snapshot.ts';

/** Lago may change its mind between a crash and the next start. */
const SPARED = 'these were delivered after all, when a crash made them be sent again';

/** Operators clear away whole files, the oldest first: a note. What is missing within the rest is a difference. */
export async function checkLineLetters(
  { ledger }: Snapshot,
  ranges: readonly CheckedRange[],
  book: LetterBook,
  findings: Findings,
): Promise<void> {
  for (const place of book.damaged) {
    findings.differ({
      scope: 'dead letters',
      what: place,
      expected: 'a letter as it was written',
      found: 'something else',
    });
  }
  const files = await book.files();
  for (const range of ranges) checkMissing(range, book, files, findings);

  const accounts = [...ledger.sources().values()].flatMap(({ positions }) => positions);
  for (const [fingerprint, alike] of Map.groupBy(ranges, ({ account }) => account.fingerprint)) {
    // Generations that begin alike share their letters: all of them must have been read to know whose one is.
    if (accounts.filter((account) => account.fingerprint === fingerprint).length !== alike.length) continue;
    const foreign = [...(book.lines.get(fingerprint) ?? [])].filter(
      ([id, offset]) =>
        alike.some(({ account }) => offset >= account.start && offset < account.offset) &&
        !alike.some(({ letters }) => letters.has(id)),
    );
    const scope = alike[0]?.path ?? '';
    findings.compare(scope, 'dead letters that no line of it explains', 0, foreign.length);
  }
}

function checkMissing(
  { path, account, letters }: CheckedRange,
  { lines }: LetterBook,
  files: LetterFiles,
  findings: Findings,
): void {
  const found = lines.get(account.fingerprint) ?? new Map<string, number>();
  const without = [...letters].filter(([id]) => !found.has(id));
  const leftOut = leftOutOf(account, without);
  if (leftOut.expected > 0) {
    findings.note(
      `${path}: ${leftOut.expected} dead letters of its lines were left out, as dead.max_bytes was reached: \`tailmeter status\` names the bytes of the log, \`tailmeter replay\` reads them again`,
    );
  }
  // Of a line whose time was implausible then nothing tells that any more: it may have passed now.
  const undecided = account.sampled?.implausible_timestamp?.letters ?? 0;
  if (leftOut.ids.size < leftOut.expected - undecided) {
    findings.compare(path, 'failed lines whose letters were left out', leftOut.expected, leftOut.ids.size);
  }
  const missing = without.filter(([id]) => !leftOut.ids.has(id));
  if (missing.length === 0) return;
  const there = [...found].filter(([id]) => letters.has(id)).map(([, offset]) => offset);
  const earliest = there.reduce((a, b) => Math.min(a, b), Infinity);
  const cleared = missing.filter(
    ([, offset]) => files === 'removed' || (files === 'intact' && offset <= earliest),
  ).length;
  if (cleared > 0) {
    findings.note(
      `${path}: ${cleared} dead letters of its lines are not there; their files were cleared away`,
    );
  }
  const kept = letters.size - leftOut.ids.size;
  findings.compare(path, 'dead letters of its lines', kept - cleared, kept - missing.length);
}

/**
 * Which of the lines without a letter are those that the books say were left out: as many as they say, of those in the
 * ranges, the last ones: letters that were cleared away are the oldest.
 */
function leftOutOf(
  { sampled = {} }: CheckedRange['account'],
  without: readonly (readonly [id: string, offset: number])[],
): { readonly expected: number; readonly ids: ReadonlySet<string> } {
  const books = entriesOf(sampled).map(([, book]) => book);
  const expected = books.reduce((sum, { letters }) => sum + letters, 0);
  const ranges = books.flatMap((book) => book.ranges);
  const within = without
    .filter(([, offset]) => ranges.some(([from, to]) => offset >= from && offset < to))
    .toSorted(([, a], [, b]) => b - a);
  return { expected, ids: new Set(within.slice(0, expected).map(([id]) => id)) };
}

/** Every event that counts as dead has a letter, unless it was lost with its chunk. */
export async function checkEventLetters(
  fs: StateFs,
  snapshot: Snapshot,
  book: LetterBook,
  findings: Findings,
): Promise<void> {
  const { ledger } = snapshot;
  for (const destination of new Set([...ledger.destinations().keys(), ...book.events.keys()])) {
    const { dead, lost } = ledger.destination(destination);
    const scope = `destination ${destination}`;
    if (lost > 0) {
      findings.note(
        `${scope}: ${lost} events were lost with damaged or deleted chunks; replay the logs to send them`,
      );
    }
    const expected = dead - lost;
    let found = book.events.get(destination)?.size ?? 0;
    // While a daemon runs, it gives up more meanwhile.
    if (found > expected && !(await snapshot.hasMoved())) {
      found -= await early(fs, snapshot, destination, book);
      const more = found - expected;
      if (more > 0)
        findings.note(`${scope}: ${more} dead letters more than events that were given up; ${SPARED}`);
    }
    if (found >= expected) continue;
    if ((await book.files(destination)) === 'shortened') {
      findings.compare(scope, 'dead letters', expected, found);
    } else {
      findings.note(
        `${scope}: ${expected - found} dead letters are not there; their files were cleared away`,
      );
    }
  }
}

/** Letters of events that still count as pending: a chunk is settled as a whole. */
async function early(
  fs: StateFs,
  snapshot: Snapshot,
  destination: string,
  book: LetterBook,
): Promise<number> {
  const letters = book.events.get(destination);
  let count = 0;
  for (const chunk of snapshot.chunks.get(destination) ?? []) {
    // What is wrong with it was told before.
    const loaded = await loadOrTell(fs, snapshot, chunk, new Findings());
    if (loaded === undefined) continue;
    const { body, starts, lineOffsets, generation } = loaded;
    for (let i = 0; i < chunk.events; i++) {
      const event = JSON.parse(body.toString('utf8', starts[i], starts[i + 1])) as { transaction_id: string };
      const id = `${destination}:${generation.fingerprint}:${lineOffsets[i]}:${event.transaction_id}`;
      if (letters?.has(id) === true) count++;
    }
  }
  return count;
}
