/** Gives up generations that are nowhere to be found, and says where they were sought. */
import path from 'node:path';
import type { Families } from './families.ts';
import type { Known, Registry } from './registry.ts';
import type { SourceReports } from './reports.ts';
import type { SourceSetup } from './setup.ts';

/** Searches that must miss a generation, in `rotate_wait` or longer, before it counts as lost: files are on the move. */
const SEARCHES_TO_LOSE = 2;
/** Of the files that cannot be read. */
const MOST_NAMED = 3;
const MS_PER_S = 1000;

export class Losses {
  readonly #setup: SourceSetup;
  readonly #registry: Registry;
  readonly #families: Families;
  readonly #reports: SourceReports;
  readonly #quietMs: number;

  constructor(setup: SourceSetup, registry: Registry, families: Families, reports: SourceReports) {
    this.#setup = setup;
    this.#registry = registry;
    this.#families = families;
    this.#reports = reports;
    this.#quietMs = setup.source.rotate_wait * MS_PER_S;
  }

  /**
   * @param unsettled Something could not be seen.
   * @param damaged Paths of archives that cannot be read, by device and inode.
   * @returns true while generations are sought
   */
  async declare(unsettled: boolean, damaged: ReadonlyMap<string, string>): Promise<boolean> {
    // Without its log, a folder may just not be mounted yet.
    const isThere = [...this.#families].some(({ current }) => current !== undefined);
    const missing = this.#registry.missing();
    for (const known of missing) {
      if (unsettled || !isThere || !this.#isLost(known)) continue;
      await this.#giveUp(known, damaged);
    }
    return missing.length > 0;
  }

  #isLost(known: Known): boolean {
    const now = this.#setup.elapsed();
    if (known.missed++ === 0) known.missedSince = now;
    return known.missed >= SEARCHES_TO_LOSE && now - known.missedSince >= this.#quietMs;
  }

  /** Where a file that was once at this path would have been found. */
  #searchedFor(at: string): string[] {
    const { rotated = [] } = this.#setup.source;
    const folders = [...this.#families].map((family) => path.dirname(family.path));
    const own = folders.filter((folder) => folder === path.dirname(at));
    return [...new Set(own.length > 0 ? own : folders), ...rotated];
  }

  /** What the consumer refuses to hear of for now is told the next time. Reported only once it is in the books. */
  async #giveUp(known: Known, damaged: ReadonlyMap<string, string>): Promise<void> {
    const { consumer, source } = this.#setup;
    const { generation, offset, size } = known;
    const { path: at, fingerprint } = generation;
    // Truncated, with nothing unread that anybody knows of.
    const isRead = size !== undefined && size <= offset;
    const place = { from: offset, ...(size === undefined ? {} : { to: size }) };
    const searched = this.#searchedFor(at);
    const reason = reasonOf(known.archive, searched, damaged);
    let id: string | undefined;
    try {
      if (isRead || consumer.lost === undefined) await consumer.ended(source.path, generation, offset);
      else id = await consumer.lost({ source: source.path, generation, ...place, reason, isEnd: true });
    } catch {
      return;
    }
    known.status = 'lost';
    if (isRead) this.#reports.tell({ event: 'generation_ended', path: at, fingerprint, offset });
    else {
      const loss = id === undefined ? {} : { id };
      this.#reports.tell({ event: 'lines_lost', path: at, fingerprint, ...place, ...loss, reason, searched });
    }
  }
}

/** @param archive Where it was found, but is damaged. */
function reasonOf(
  archive: string | undefined,
  searched: readonly string[],
  damaged: ReadonlyMap<string, string>,
): string {
  const at = archive === undefined ? undefined : damaged.get(archive);
  if (at !== undefined) return `it stands in ${at}, which is damaged`;
  const others = [...damaged.values()].slice(0, MOST_NAMED).join(', ');
  const maybe = others === '' ? '' : `, unless it stands in what cannot be read there (${others})`;
  return `it is not found in ${searched.join(', ')}${maybe}`;
}
