/**
 * Searches for rotated files and takes up those that are to be read; and when a generation is nowhere to be found,
 * says so.
 */
import path from 'node:path';
import { adopt, recogniseRotated, type Adopted, type Adoption } from './adoption.ts';
import { ArchiveContent } from './archive-content.ts';
import { openLog, type OpenLog } from './content.ts';
import { copiedFrom } from './copies.ts';
import type { GenerationStart, IgnoredFile } from '../types.ts';
import { keyOf, type Families } from './families.ts';
import type { Family } from './family.ts';
import { fileKey, names } from './file-key.ts';
import { Ignored } from './ignored.ts';
import type { Wanted } from './listing.ts';
import { Losses } from './losses.ts';
import type { Naming } from './naming.ts';
import type { GenerationReader } from './reader.ts';
import { lose, type Registry } from './registry.ts';
import { troubleWith, type SourceReports } from './reports.ts';
import { suspectsAfter } from './suspects.ts';
import type { RotatedFile } from './rotated-file.ts';
import { FolderScanner, type FailedArchive, type ScanResult } from './scan.ts';
import type { SourceSetup } from './setup.ts';
import type { Trouble } from './source-survey.ts';
import { unseenLogs } from './unseen.ts';

const UNDECIDED = 'it cannot be told yet whether it is a rotated file of the log';
const UNREAD = 'it could not be read just now';
/** Of so many ended generations the files are found again under any name, when somebody writes to them after all. */
const MOST_REMEMBERED = 32;
const MS_PER_S = 1000;
const NS_PER_MS = 1_000_000n;

export interface Surroundings {
  /** The first search, at the start. */
  readonly initial: boolean;
  /** Rotated files that the source's glob names. */
  readonly matched: ReadonlySet<string>;
  readonly isGlob: boolean;
}

export class Search {
  /** Something is missing, or moved during the last search: the next look is to search again. */
  wanted = true;
  /** What the last search could not look at. */
  troubles: readonly Trouble[] = [];
  readonly #setup: SourceSetup;
  readonly #registry: Registry;
  readonly #naming: Naming;
  readonly #families: Families;
  readonly #reports: SourceReports;
  readonly #scanner: FolderScanner;
  readonly #quietMs: number;
  readonly #ignored: Ignored;
  readonly #losses: Losses;
  /** See `AdoptionContext`. */
  readonly #recognised = new Set<RotatedFile>();

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
    this.#ignored = new Ignored(setup, registry, reports);
    this.#losses = new Losses(setup, registry, families, reports);
  }

  /** Files that are not billed as it is not clear whose they are. */
  get ignored(): readonly IgnoredFile[] {
    return this.#ignored.files;
  }

  /** A generation went missing. `failed`: an archive that is of no use as it is. */
  missed(failed?: OpenLog): void {
    this.wanted = true;
    this.#scanner.reconsider(failed === undefined ? undefined : failureOf(failed));
  }

  /** True when logs were begun: from the next search on it can be told whether they are rotated. */
  async run(around: Surroundings): Promise<boolean> {
    const troubles: Trouble[] = [];
    const scan = await this.#scanner.scan(this.#families, {
      wanted: () => this.#wanted(),
      isContinuous: (family) => this.#isContinuous(family),
      isTaken: (key, at) => this.#isTaken(key, at),
      alike: (head) => this.#registry.alike(head),
      unreadable: (file, error) => {
        troubles.push({ path: file, error });
        this.#reports.tellOnce(`unreadable ${file}`, troubleWith(file, error));
      },
    });
    this.#noteTurnovers(scan);
    this.troubles = troubles;
    this.wanted = scan.unsettled;
    const fresh = this.#fresh();
    const adoption = await this.#judge(scan, fresh, around);
    if (adoption.wait.length + adoption.later.length > 0) this.wanted = true;
    for (const { path: at } of adoption.wait) troubles.push({ path: at, error: new Error(UNDECIDED) });
    for (const { path: at } of adoption.later) troubles.push({ path: at, error: new Error(UNREAD) });
    for (const file of adoption.leave) {
      this.#scanner.settle(file, file.appearance.ours);
      this.#ignored.left(file);
    }
    if (around.initial) await trying(() => this.#startTogether(fresh));
    // Older ones first: a state that knows a generation must know those before it, too.
    for (const adopted of adoption.read) await this.#takeUp(adopted, around);
    await this.#ignore(adoption, scan);
    for (const { file } of adoption.read) await trying(() => this.#suspect(file, scan));
    for (const family of this.#families) family.held = this.#mayHold() && adoption.held.has(family);
    for (const reader of fresh) {
      const family = this.#families.holder(keyOf(reader))?.family;
      if (family === undefined) continue;
      if (!family.held) await trying(() => this.#naming.begin(family, reader));
      // So that a copy of it is known to be one.
      else if (reader.known === undefined) await trying(() => this.#naming.identify(reader, false, family));
    }
    if (await this.#losses.declare(scan.unsettled || adoption.later.length > 0, this.#scanner.unreadable))
      this.wanted = true;
    return [...this.#families].some((family) => !isTold(family.turnoversAtSearch) && isBegun(family));
  }

  #wanted(): Wanted {
    const { source, others } = this.#setup;
    // What is open, and has left its path, may be anywhere.
    const departed = [...this.#families].flatMap(({ readers, current }) =>
      readers.filter((reader) => reader !== current && !reader.locate() && !reader.removed).map(keyOf),
    );
    const sought = this.#registry.sought().map(({ dev, ino }) => fileKey(dev, ino));
    const over = this.#registry.over(MOST_REMEMBERED);
    return {
      rotated: source.rotated ?? [],
      keys: new Set([...sought, ...departed]),
      remembered: new Map([
        ...over.map(({ dev, ino, path: at }) => [fileKey(dev, ino), at] as const),
        ...this.#ignored.places,
      ]),
      isFollowed: (at) => this.#families.get(at) !== undefined || others.follows(at),
    };
  }

  /** See `ScanHooks`. */
  async #isContinuous(family: Family): Promise<boolean> {
    const { current, turnovers } = family;
    // Nothing can have been rotated from a log that has never been there.
    if (current === undefined) return turnovers === 0 && !this.#registry.some((at) => at === family.path);
    if (turnovers !== family.turnoversAtSearch) return false;
    if (!(await names(family.path, keyOf(current)))) return false;
    return !(await current.isTruncated().catch(() => false));
  }

  /** What a log holds that has no first line yet, or cannot be opened, could be rotated away without a trace. */
  #noteTurnovers({ unlisted }: ScanResult): void {
    for (const family of this.#families) {
      if (unlisted.has(family)) continue;
      family.turnoversAtSearch = isBegun(family) ? family.turnovers : NaN;
    }
  }

  /** Where a source begins at the ends of its logs they begin at once, before anything is written to them. */
  #mayHold(): boolean {
    const { source, positions } = this.#setup;
    return positions.length > 0 || source.start_at !== 'end';
  }

  /** What was rotated unseen after a file whose name says nothing has such a name itself. */
  async #suspect(found: RotatedFile, { listed }: ScanResult): Promise<void> {
    const { family, origin } = found;
    if (origin !== 'inode' || !found.appearance.first || family.current === undefined) return;
    const known = new Set([family.path, ...listed.map((file) => file.path)]);
    const isKnown = (at: string): boolean =>
      known.has(at) || this.#families.get(at) !== undefined || this.#setup.others.follows(at);
    for (const file of await suspectsAfter(found, family.current.log, isKnown)) {
      const name = path.basename(found.path);
      const why = `it may have been rotated after ${name}, but its name does not say so: name such files in \`rotated\``;
      this.#ignored.suspect(file, why);
    }
    // They are listed from now on.
    this.wanted = true;
  }

  /** Says what is not clear, unless something could not be seen. */
  async #ignore({ ignore }: Adoption, { listed, unlisted }: ScanResult): Promise<void> {
    for (const { file, why, unnamed } of ignore) {
      this.#scanner.settle(file, false);
      this.#ignored.add(file, why, unnamed);
    }
    const isSeen = unlisted.size === 0;
    await this.#ignored.update(listed, isSeen);
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
    { files, listed, exhausted }: ScanResult,
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
    const { positions, startedNs, elapsed, others } = this.#setup;
    const logs = [...this.#families].map((family) => family.path);
    return adopt(files, verdicts, {
      registry: this.#registry,
      resumed: positions.length > 0,
      initial,
      startedNs,
      elapsedMs: elapsed(),
      nowNs: BigInt(Date.now()) * NS_PER_MS,
      rotateWaitMs: this.#quietMs,
      isMatched: (file) => matched.has(file),
      isOthers: (file) => others.matches(file),
      isGlob,
      listed,
      recognised: this.#recognised,
      copiedFrom: (file) => copiedFrom(file, listed, [...logs, ...this.#registry.paths()]),
      unseen: await unseenLogs(this.#families, others),
      exhausted,
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
    this.#scanner.settle(file, true);
    if (initial) this.#naming.notice(file.key, log.size);
    reader.known = known;
    family.insert(reader);
    await trying(async () => {
      if (known === undefined) return;
      if (isNew) known.offset = await this.#naming.startOf(reader, { ...file, log });
      // An archive that is read on is begun at its turn, once it is verified.
      if (isNew || log.content.prepare()) await this.#naming.begin(family, reader);
    });
    const { hash } = fingerprint;
    const offset = known?.offset ?? 0;
    this.#reports.tell({ event: 'generation_found', path: at, fingerprint: hash, offset });
  }

  /** Undefined when the path names another file by now: it was renamed, and even its inode may be in use again. */
  async #open({
    path: at,
    key,
    version,
    fingerprint: expected,
  }: RotatedFile): Promise<GenerationReader | undefined> {
    const log = await openLog(at, 'read').catch(() => undefined);
    if (log === undefined) return undefined;
    const reader = this.#naming.reader(log);
    // To read from an archive would have all of it verified: it is so at its turn.
    if (!log.content.growing) {
      if (keyOf(reader) === key && log.version === version) return reader;
      await reader.close();
      return undefined;
    }
    const found = await reader.identify(true).catch(() => undefined);
    if (keyOf(reader) === key && found?.hash === expected.hash && found.bytes === expected.bytes)
      return reader;
    await reader.close();
    return undefined;
  }
}

function failureOf({ dev, ino, path: at, content }: OpenLog): FailedArchive {
  const tookMs = content instanceof ArchiveContent ? content.verifyingMs : 0;
  return { key: fileKey(dev, ino), path: at, tookMs };
}

const isTold = (turnovers: number): boolean => !Number.isNaN(turnovers);

const isBegun = ({ current }: Family): boolean => current !== undefined && current.life.state !== 'fresh';

/** What cannot be read now is tried again at its turn, which also reports why. */
async function trying(work: () => Promise<unknown>): Promise<void> {
  await work().catch(() => undefined);
}
