/**
 * Searches for rotated files and takes up those that are to be read; and when a generation is nowhere to be found,
 * says so.
 */
import path from 'node:path';
import { adopt, recogniseRotated, type Adopted, type Adoption } from './adoption.ts';
import { openLog, type OpenLog } from './content.ts';
import type { GenerationStart } from '../types.ts';
import { keyOf, type Families } from './families.ts';
import type { Naming } from './naming.ts';
import type { GenerationReader } from './reader.ts';
import { lose, type Known, type Registry } from './registry.ts';
import type { SourceReports } from './reports.ts';
import { fileKey, FolderScanner, names, type RotatedFile } from './scan.ts';
import type { SourceSetup } from './setup.ts';

/** Searches that must miss a generation, in `rotate_wait` or longer, before it counts as lost: files are on the move. */
const SEARCHES_TO_LOSE = 2;
const MS_PER_S = 1000;
const GONE = 'it was rotated away or deleted before it could be read, and is not to be found';

export interface Surroundings {
  /** The first search, at the start. */
  readonly initial: boolean;
  /** Rotated files that the source's glob names. */
  readonly matched: ReadonlySet<string>;
  readonly isGlob: boolean;
  /** Folders that exist. */
  readonly folders: ReadonlyMap<string, string>;
}

export class Search {
  /** Something is missing, or moved during the last search: the next look is to search again. */
  wanted = true;
  readonly #setup: SourceSetup;
  readonly #registry: Registry;
  readonly #naming: Naming;
  readonly #families: Families;
  readonly #reports: SourceReports;
  readonly #scanner: FolderScanner;
  readonly #quietMs: number;

  constructor(
    setup: SourceSetup,
    registry: Registry,
    naming: Naming,
    families: Families,
    reports: SourceReports,
  ) {
    this.#setup = setup;
    this.#quietMs = setup.source.rotate_wait * MS_PER_S;
    this.#scanner = new FolderScanner(setup.elapsed, this.#quietMs);
    this.#registry = registry;
    this.#naming = naming;
    this.#families = families;
    this.#reports = reports;
  }

  /** A generation went missing. `failed`: an archive that is of no use as it is. */
  missed(failed?: OpenLog): void {
    this.wanted = true;
    this.#scanner.reconsider(failed === undefined ? undefined : fileKey(failed.dev, failed.ino));
  }

  async run(around: Surroundings): Promise<void> {
    const { files, unsettled, unlisted } = await this.#scanner.scan(this.#families, {
      isTaken: (key, at) => this.#isTaken(key, at),
      alike: (head) => this.#registry.alike(head),
      unreadable: (file, error) => {
        this.#reports.tellOnce(`unreadable ${file}`, { event: 'file_unreadable', path: file, error });
      },
    });
    this.wanted = unsettled;
    const fresh = this.#fresh();
    const { read, leave, later } = await this.#judge(files, fresh, around);
    if (later.length > 0) this.wanted = true;
    for (const file of leave) this.#scanner.settle(file);
    if (around.initial) await trying(() => this.#startTogether(fresh));
    // Older ones first: a state that knows a generation must know those before it, too.
    for (const adopted of read) await this.#takeUp(adopted, around);
    for (const reader of fresh) {
      const family = this.#families.holder(keyOf(reader))?.family;
      if (family !== undefined) await trying(() => this.#naming.begin(family, reader));
    }
    for (const family of this.#families) {
      family.searched ||= around.folders.has(path.dirname(family.path)) && !unlisted.has(family);
    }
    await this.#declareLost(unsettled || later.length > 0);
  }

  /**
   * Of a source that begins at the ends of its logs, all logs that are there begin together: the first position that a
   * later start finds says that the source has begun, and logs without one would be new, to be read from their start.
   */
  async #startTogether(fresh: readonly GenerationReader[]): Promise<void> {
    const { source, positions, consumer } = this.#setup;
    if (source.start_at !== 'end' || positions.length > 0 || fresh.length < 2) return;
    const starts: GenerationStart[] = [];
    for (const reader of fresh) {
      if (reader.known === undefined) await trying(() => this.#naming.identify(reader));
      if (reader.known !== undefined) starts.push(reader.known);
    }
    await consumer.starting?.(source.path, starts);
  }

  /** In this order: by inode, rotated files by content, others by content; then what nobody knows. */
  async #judge(
    files: readonly RotatedFile[],
    fresh: readonly GenerationReader[],
    { initial, matched, isGlob }: Surroundings,
  ): Promise<Adoption> {
    for (const reader of fresh) await trying(() => this.#naming.recognise(reader, 'file'));
    const verdicts = await recogniseRotated(files, this.#registry);
    for (const reader of fresh) await trying(() => this.#naming.recognise(reader, 'content'));
    // What lost its path before it was named is held by its descriptor only: files with the same content are copies.
    for (const reader of fresh) {
      if (reader.known === undefined && !(await this.#isNamed(reader))) {
        await trying(() => this.#naming.identify(reader));
      }
    }
    const { positions, startedNs } = this.#setup;
    const resumed = positions.length > 0;
    return adopt(files, verdicts, {
      registry: this.#registry,
      resumed,
      initial,
      startedNs,
      isMatched: (file) => matched.has(file),
      isGlob,
    });
  }

  /** Whether its path names it still: files that were found before this was asked are then no copies of it. */
  async #isNamed(reader: GenerationReader): Promise<boolean> {
    const key = keyOf(reader);
    const family = this.#families.holder(key)?.family;
    return family?.current === reader && names(family.path, key);
  }

  #fresh(): GenerationReader[] {
    return [...this.#families].flatMap(({ readers }) => readers.filter(({ life }) => life.state === 'fresh'));
  }

  /** Whether a file is somebody's already. One that was renamed is told where it is now. */
  #isTaken(key: string, at: string): boolean {
    const held = this.#families.holder(key);
    if (held === undefined) return this.#setup.others.holderOf(key) !== undefined;
    if (held.family.current !== held.reader) held.reader.path = at;
    return true;
  }

  async #takeUp({ file, known, isNew }: Adopted, { initial }: Surroundings): Promise<void> {
    const { family, fingerprint, path: at } = file;
    const reader = await this.#open(file);
    if (reader === undefined) {
      if (known !== undefined) lose(known);
      this.wanted = true;
      return;
    }
    const { log } = reader;
    this.#scanner.settle(file);
    if (initial) this.#naming.notice(file.key, log.size);
    reader.known = known;
    family.insert(reader);
    await trying(async () => {
      if (known === undefined) return;
      if (isNew) known.offset = await this.#naming.startOf(reader, { ...file, log });
      await this.#naming.begin(family, reader);
    });
    const { hash } = fingerprint;
    const offset = known?.offset ?? 0;
    this.#reports.tell({ event: 'generation_found', path: at, fingerprint: hash, offset });
  }

  /** Undefined when the path names another file by now: it was renamed, and even its inode may be in use again. */
  async #open({
    path: at,
    kind,
    key,
    fingerprint: expected,
  }: RotatedFile): Promise<GenerationReader | undefined> {
    const log = await openLog(at, kind).catch(() => undefined);
    if (log === undefined) return undefined;
    const reader = this.#naming.reader(log);
    const found = await reader.identify(true).catch(() => undefined);
    if (keyOf(reader) === key && found?.hash === expected.hash && found.bytes === expected.bytes)
      return reader;
    await reader.close();
    return undefined;
  }

  async #declareLost(unsettled: boolean): Promise<void> {
    // Without its log, a folder may just not be mounted yet.
    const isThere = [...this.#families].some(({ current }) => current !== undefined);
    for (const known of this.#registry.missing()) {
      this.wanted = true;
      if (unsettled || !isThere || !this.#isLost(known)) continue;
      await this.#giveUp(known);
    }
  }

  #isLost(known: Known): boolean {
    const now = this.#setup.elapsed();
    if (known.missed++ === 0) known.missedSince = now;
    return known.missed >= SEARCHES_TO_LOSE && now - known.missedSince >= this.#quietMs;
  }

  /** What the consumer refuses to hear of for now is told the next time. Reported only once it is in the books. */
  async #giveUp(known: Known): Promise<void> {
    const { consumer, source } = this.#setup;
    const { generation, offset, size } = known;
    const { path: at, fingerprint } = generation;
    // Truncated, with nothing unread that anybody knows of.
    const isRead = size !== undefined && size <= offset;
    const place = { from: offset, ...(size === undefined ? {} : { to: size }) };
    let id: string | undefined;
    try {
      if (isRead || consumer.lost === undefined) await consumer.ended(source.path, generation, offset);
      else id = await consumer.lost({ source: source.path, generation, ...place, reason: GONE, isEnd: true });
    } catch {
      return;
    }
    known.status = 'lost';
    if (isRead) this.#reports.tell({ event: 'generation_ended', path: at, fingerprint, offset });
    else {
      const loss = id === undefined ? {} : { id };
      this.#reports.tell({ event: 'lines_lost', path: at, fingerprint, ...place, ...loss });
    }
  }
}

/** What cannot be read now is tried again at its turn, which also reports why. */
async function trying(work: () => Promise<unknown>): Promise<void> {
  await work().catch(() => undefined);
}
