/** Reads every generation that still exists again, and compares what its lines become with its account. */
import type { Config, SourceConfig } from '../config/types.ts';
import { LogReadError } from '../errors.ts';
import { mappingId } from '../map/mapping-id.ts';
import { mapperFor } from '../pipeline.ts';
import { candidatesFor, findLogs, isHolding, type FoundLog } from '../tail/log-files.ts';
import type { GenerationAccount, LineMapper } from '../types.ts';
import type { AuditedGeneration, Findings } from './findings.ts';
import { reread, type DecidedLimits, type Reread } from './reread.ts';
import type { Snapshot } from './snapshot.ts';

/** A generation that was read again. */
export interface CheckedRange {
  readonly source: SourceConfig;
  readonly account: GenerationAccount;
  readonly mapper: LineMapper;
  /** The file that holds it. */
  readonly path: string;
  /** Ids that the dead letters of its lines have, with the offsets of the lines. */
  readonly letters: ReadonlyMap<string, number>;
  readonly events: number;
  /** Of lines with implausible times. */
  readonly decided: DecidedLimits;
}

/** Nothing was decided. */
const NONE: DecidedLimits = new Map();

const CHANGED = 'the configuration has changed since it was read';
const CHANGED_LOG = 'what begins like it does not hold what was read of it last';
const GONE = 'it does not exist any more';

export async function checkGenerations(
  config: Config,
  { ledger, mapping }: Snapshot,
  implausible: ReadonlyMap<string, DecidedLimits>,
  findings: Findings,
): Promise<CheckedRange[]> {
  const checked: CheckedRange[] = [];
  const isCurrent = mapping === mappingId(config);
  for (const [path, { counts, positions }] of ledger.sources()) {
    const scope = `source ${path}`;
    findings.compare(
      scope,
      'lines = skipped + dead + mapped',
      counts.lines,
      counts.skipped + counts.dead + counts.mapped,
    );
    const source = config.sources.find((one) => one.path === path);
    const leave = (account: GenerationAccount, reason: string): void => {
      findings.generations.push(audited(path, account, { path: account.path, checked: false, reason }));
    };
    if (source === undefined || !isCurrent) {
      const reason = source === undefined ? 'its source is not configured any more' : CHANGED;
      for (const account of positions) leave(account, reason);
      continue;
    }
    const unreadable = (log: string, error: Error): void =>
      findings.unseen({ source: path, path: log, reason: error.message });
    const logs = await findLogs(
      source,
      positions.map((position) => position.path),
      unreadable,
    );
    const mapper = mapperFor({ config }, source);
    for (const account of positions) {
      const result = await checkOne(
        source,
        account,
        mapper,
        logs,
        implausible.get(account.fingerprint) ?? NONE,
        findings,
      );
      if (typeof result === 'string') leave(account, result);
      else {
        findings.generations.push(audited(path, account, { path: result.path, checked: true }));
        checked.push(result);
      }
    }
  }
  return checked;
}

/** Why it could not be checked, or what was found. Of several files that begin alike, one that fits is the right one. */
async function checkOne(
  source: SourceConfig,
  account: GenerationAccount,
  mapper: LineMapper,
  logs: readonly FoundLog[],
  decided: DecidedLimits,
  findings: Findings,
): Promise<CheckedRange | string> {
  let first: { range: CheckedRange; again: Reread } | undefined;
  let reason = GONE;
  for (const found of candidatesFor(account, logs)) {
    const { path } = found;
    const letters = new Map<string, number>();
    let events = 0;
    const held = await isHolding(found, account).catch((error: Error) => error);
    if (held !== true) {
      reason = held === false ? CHANGED_LOG : held.message;
      continue;
    }
    try {
      const visitor = {
        event: () => void events++,
        letter: (id: string, offset: number) => void letters.set(id, offset),
      };
      const again = await reread(path, source, account, mapper, visitor, decided);
      if (again.reached < account.offset) {
        reason = `only ${again.reached} of its bytes exist any more`;
        continue;
      }
      const range: CheckedRange = { source, account, mapper, path, letters, events, decided };
      if (agree(account, again)) return range;
      first ??= { range, again };
    } catch (error) {
      if (!(error instanceof LogReadError)) throw error;
      reason = error.message;
      findings.unseen({ source: source.path, path, reason });
    }
  }
  if (first === undefined) return reason;
  const forgiven = implausibleThen(account, first.again);
  if (forgiven > 0) {
    findings.note(
      `${first.range.path}: ${forgiven} lines were dead letters for their time when they were read, and these letters are not there; their files were cleared away`,
    );
    return first.range;
  }
  const scope = `${first.range.path}, bytes ${account.start} to ${account.offset}`;
  for (const what of ['lines', 'skipped', 'dead', 'mapped'] as const) {
    findings.compare(
      scope,
      `${what}${what === 'lines' ? '' : ' lines'}`,
      account.counts[what],
      first.again.counts[what],
    );
  }
  return first.range;
}

function agree({ counts }: GenerationAccount, again: Reread): boolean {
  return (['lines', 'skipped', 'dead', 'mapped'] as const).every((key) => counts[key] === again.counts[key]);
}

/**
 * Lines that were dead and would give an event now. With the same rules and the same bytes only the time that it was can
 * have made the difference.
 */
function implausibleThen({ counts }: GenerationAccount, again: Reread): number {
  const fewer = counts.dead - again.counts.dead;
  const isAll =
    counts.lines === again.counts.lines &&
    counts.skipped === again.counts.skipped &&
    again.counts.mapped - counts.mapped === fewer;
  return isAll ? fewer : 0;
}

function audited(
  source: string,
  { fingerprint, start, offset, counts }: GenerationAccount,
  found: Pick<AuditedGeneration, 'path' | 'checked' | 'reason'>,
): AuditedGeneration {
  return { source, fingerprint, start, offset, counts, ...found };
}
