/**
 * Tells what the books have not read: as the next start would find it, by the very parts that would read it. While a
 * daemon runs that is what it has not made durable yet.
 */
import { abandonedLogs, abandonedText, hasUnread } from '../abandoned.ts';
import type { Config } from '../config/types.ts';
import { IgnoredFiles } from '../spool/ignored-files.ts';
import type { StateFs } from '../spool/state-fs.ts';
import { survey } from '../tail/survey.ts';
import type { SourceSurvey } from '../types.ts';
import type { Findings } from './findings.ts';
import { takeSnapshot } from './snapshot.ts';

/** Logs that a running daemon has read and that are gone since look as if they were missing. */
const TRIES = 3;

export async function tellUnread(fs: StateFs, config: Config, findings: Findings): Promise<void> {
  const books = (await takeSnapshot(fs, config.state_dir)).ledger.sources();
  const positions = [...books].map(([source, book]) => [source, book.positions] as const);
  for (const log of abandonedLogs(config.sources, positions)) {
    const { source, path, offset, size } = log;
    if (size === null) findings.note(abandonedText(log));
    else if (hasUnread(log)) {
      const reason = `${size - offset} bytes from byte ${offset} on are unread, as the source is not configured any more: configure it as it was, or bill the log by tailmeter replay --config FILE --source SOURCE ${path}`;
      findings.unseen({ source, path, reason });
    }
  }
  let surveys: ReadonlyMap<string, SourceSurvey> = new Map();
  for (let tries = 0; tries < TRIES; tries++) {
    const snapshot = await takeSnapshot(fs, config.state_dir);
    const books = snapshot.ledger.sources();
    const positions = new Map([...books].map(([source, book]) => [source, book.positions]));
    const remembered = await IgnoredFiles.open(fs, config.state_dir);
    surveys = await survey({ sources: config.sources, positions, remembered });
    const isClear = [...surveys.values()].every(({ unknown }) => unknown.length === 0);
    if (isClear || !(await snapshot.hasMoved())) break;
  }
  for (const [source, { files, unknown }] of surveys) {
    for (const file of files) if (file.size === null || file.size > file.offset) findings.unread.push(file);
    for (const { path, reason } of unknown) findings.unseen({ source, path, reason });
  }
}
