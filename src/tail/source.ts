/**
 * One source: follows its paths through rotations. `look` compares the folders with what is known, and opens and
 * retires generations; `turn` delivers one buffer-full of one log. The tailer never runs two of them at once.
 */
import { stat } from 'node:fs/promises';
import type { ReadProgress } from '../types.ts';
import { adopt, recogniseRotated, type Adopted } from './adoption.ts';
import { openLog } from './content.ts';
import { Family } from './family.ts';
import { Folders } from './folders.ts';
import { Naming } from './naming.ts';
import { expand, fixedFolder, isRotated } from './paths.ts';
import type { GenerationReader } from './reader.ts';
import { Registry, type Sighting } from './registry.ts';
import { fileKey, FolderScanner, type ScanResult } from './scan.ts';
import type { SourceSetup } from './setup.ts';
import { isMissing } from './siblings.ts';
import { Turns } from './turns.ts';

/** Scans that must miss a generation before it counts as lost: one may fall into the middle of a rotation. */
const SCANS_TO_LOSE = 2;
/** The folder is searched every so many looks though nothing says that it changed: an ended file may have grown. */
const LOOKS_PER_SCAN = 10;

export class SourceFollower {
  readonly #setup: SourceSetup;
  readonly #registry: Registry;
  readonly #naming: Naming;
  readonly #turns: Turns;
  readonly #scanner = new FolderScanner();
  readonly #folders = new Folders();
  readonly #families = new Map<string, Family>();
  /** What was reported and is not to be repeated. */
  readonly #told = new Set<string>();
  #matched: ReadonlySet<string> = new Set();
  #scanWanted = true;
  #looks = 0;

  constructor(setup: SourceSetup) {
    this.#setup = setup;
    this.#registry = new Registry(setup.positions);
    this.#naming = new Naming(setup, this.#registry);
    this.#turns = new Turns(setup, this.#naming, (failed) => {
      this.#scanWanted = true;
      this.#scanner.reconsider(failed === undefined ? undefined : fileKey(failed.dev, failed.ino));
    });
  }

  get families(): Iterable<Family> {
    return this.#families.values();
  }

  /** The folders to watch, each with what identifies it: one that is created anew has another value. */
  get folders(): ReadonlyMap<string, string> {
    return this.#folders.identities;
  }

  /** The path under which a file is open here. */
  holderOf(key: string): string | undefined {
    return this.#holder(key)?.[1].path;
  }

  /** See `OtherSources`. */
  readUpTo(sighting: Sighting): number {
    const known = this.#registry.exactly(sighting);
    return known?.status === 'ended' ? known.offset : 0;
  }

  progress(): ReadProgress[] {
    return [...this.#families.values()].flatMap(({ readers }) => readers.map((reader) => reader.progress()));
  }

  /** Delivers one buffer-full of a log. False when there is nothing to do for now. */
  turn(family: Family): Promise<boolean> {
    return this.#turns.turn(family);
  }

  /** Opens what is new, retires what has lost its path, finds what was rotated meanwhile. Never rejects for a file. */
  async look(): Promise<void> {
    const initial = this.#looks++ === 0;
    await this.#expand();
    for (const family of this.#families.values()) await this.#lookAt(family, initial);
    const changed = await this.#folders.changed(this.#families.keys(), [
      fixedFolder(this.#setup.source.path),
    ]);
    if (changed || this.#scanWanted || this.#looks % LOOKS_PER_SCAN === 0) await this.#scan(initial);
    for (const family of this.#families.values()) {
      this.#reportDeparture(family);
      family.awake = true;
    }
  }

  async close(): Promise<void> {
    for (const { readers } of this.#families.values()) {
      for (const reader of readers) await reader.close();
    }
    this.#families.clear();
  }

  async #expand(): Promise<void> {
    const { path: pattern } = this.#setup.source;
    try {
      const { logs, rotated } = await expand(pattern, this.#families.keys());
      this.#matched = new Set(rotated);
      for (const log of logs) if (!this.#families.has(log)) this.#families.set(log, new Family(log));
      for (const family of this.#families.values()) {
        const isRelative = isRotated(family.path, logs);
        if (isRelative) this.#merge(family, logs);
        if ((isRelative || !logs.includes(family.path)) && family.readers.length === 0) {
          this.#families.delete(family.path);
        }
      }
    } catch (error) {
      this.#unreadable(pattern, error as Error);
    }
  }

  /** A name that was taken for a log of its own, while the log was away, is a rotated file of it. */
  #merge(family: Family, logs: readonly string[]): void {
    const owner = logs.find((log) => isRotated(family.path, [log]));
    const into = owner === undefined ? undefined : this.#families.get(owner);
    family.retire();
    family.departed = undefined;
    for (const reader of family.readers.splice(0)) into?.insert(reader);
  }

  async #lookAt(family: Family, initial: boolean): Promise<void> {
    const { source, others } = this.#setup;
    let key: string | undefined;
    try {
      const now = await stat(family.path, { bigint: true });
      key = fileKey(now.dev, now.ino);
      if (!now.isFile()) throw new Error(`${family.path} is not a regular file`);
      if (initial && source.start_at === 'end' && this.#setup.positions.length === 0) {
        this.#naming.startSizes.set(key, Number(now.size));
      }
      family.named = true;
      if (keyOf(family.current) !== key && !(await this.#takeHeld(family, key))) {
        const owner = others.holderOf(key);
        if (owner === undefined) await this.#open(family, key);
        else this.#claimedTwice(family, key, owner);
      }
      if (family.trouble === 'unreadable') {
        this.#setup.reporter.report({
          event: 'file_readable_again',
          source: source.path,
          path: family.path,
        });
      }
      family.trouble = undefined;
    } catch (error) {
      this.#notThere(family, key, error as Error);
    }
  }

  #notThere(family: Family, key: string | undefined, error: Error): void {
    const { path: file } = family;
    const trouble = isMissing(error) ? 'missing' : 'unreadable';
    if (trouble === 'missing') {
      family.named = false;
      family.announced = false;
    }
    // What cannot be looked at may still be what is open.
    if (trouble === 'missing' || (key !== undefined && keyOf(family.current) !== key)) family.retire();
    if (family.trouble === trouble) return;
    family.trouble = trouble;
    const { reporter, source } = this.#setup;
    if (trouble === 'missing') reporter.report({ event: 'file_missing', source: source.path, path: file });
    else reporter.report({ event: 'file_unreadable', source: source.path, path: file, error });
  }

  async #open(family: Family, key: string): Promise<void> {
    const log = await openLog(family.path, 'plain');
    if (fileKey(log.dev, log.ino) === key) {
      family.promote(this.#naming.reader(log));
      this.#scanWanted = true;
    } else {
      // Replaced between the two calls: the next look sees what it is.
      await log.content.close();
    }
  }

  /** The path names a file that is open already: renamed back, renamed to another log's path, or a second link. */
  async #takeHeld(family: Family, key: string): Promise<boolean> {
    const held = this.#holder(key);
    if (held === undefined) return false;
    const [other, reader] = held;
    if (other !== family && other.current === reader && (await names(other.path, key))) {
      this.#claimedTwice(family, key, other.path);
    } else {
      other.remove(reader);
      family.promote(reader);
    }
    return true;
  }

  #claimedTwice(family: Family, key: string, owner: string): void {
    family.retire();
    const { reporter, source } = this.#setup;
    if (this.#firstTime(`twice ${family.path} ${key}`)) {
      reporter.report({ event: 'file_claimed_twice', source: source.path, path: family.path, owner });
    }
  }

  async #scan(initial: boolean): Promise<void> {
    for (const family of this.#families.values()) await this.#turns.check(family);
    this.#scanWanted = false;
    const found = await this.#scanner.scan(this.#families.values(), {
      isTaken: (key, at) => this.#isTaken(key, at),
      unreadable: (file, error) => this.#unreadable(file, error),
    });
    if (found.unsettled) this.#scanWanted = true;
    const fresh = [...this.#families.values()].flatMap((family) =>
      family.readers.filter(({ life }) => life.state === 'fresh').map((reader) => ({ family, reader })),
    );
    const recognise = async (by: 'file' | 'content'): Promise<void> => {
      for (const { reader } of fresh) await trying(() => this.#naming.recognise(reader, by));
    };
    await recognise('file');
    const verdicts = recogniseRotated(found.files, this.#registry);
    await recognise('content');
    // Those that lost their path before they were named are held by a descriptor: files of the same content are copies.
    for (const { family, reader } of fresh) {
      if (reader !== family.current && reader.known === undefined) {
        await trying(() => this.#naming.identify(reader));
      }
    }
    const { source, positions, startedNs } = this.#setup;
    const { read, leave } = adopt(found.files, verdicts, {
      registry: this.#registry,
      resumed: positions.length > 0,
      initial,
      startedNs,
      isMatched: (file) => this.#matched.has(file),
      isGlob: !this.#families.has(source.path),
    });
    for (const file of leave) this.#scanner.settle(file);
    // Older ones first: a state that knows a generation must know those before it, too.
    for (const adopted of read) await this.#read(adopted, initial);
    for (const { family, reader } of fresh) {
      if (reader.life.state === 'fresh') {
        await trying(() => this.#naming.begin(family, reader));
      }
    }
    for (const family of this.#families.values()) family.searched = true;
    await this.#declareLost(found);
  }

  /** Whether a file is somebody's already. One that was renamed is told where it is now. */
  #isTaken(key: string, at: string): boolean {
    const held = this.#holder(key);
    if (held === undefined) return this.#setup.others.holderOf(key) !== undefined;
    const [family, reader] = held;
    if (family.current !== reader) reader.path = at;
    return true;
  }

  async #read({ file, known, isNew }: Adopted, initial: boolean): Promise<void> {
    const { family, kind, live } = file;
    const log = await openLog(file.path, kind).catch(() => undefined);
    if (log === undefined || fileKey(log.dev, log.ino) !== file.key) {
      await log?.content.close();
      if (known !== undefined) known.status = 'missing';
      this.#scanWanted = true;
      return;
    }
    this.#scanner.settle(file);
    const { start_at: startAt, path: source } = this.#setup.source;
    if (initial && startAt === 'end' && this.#setup.positions.length === 0) {
      this.#naming.startSizes.set(file.key, log.size);
    }
    const reader = this.#naming.reader(log);
    reader.known = known;
    family.insert(reader);
    await trying(async () => {
      if (log.content.growing) await reader.identify(true);
      if (known === undefined) return;
      if (isNew)
        known.offset = await this.#naming.startOf(reader, { log, fingerprint: file.fingerprint, live });
      await this.#naming.begin(family, reader);
    });
    const { fingerprint, path: at } = file;
    const offset = known?.offset ?? 0;
    this.#setup.reporter.report({
      event: 'generation_found',
      source,
      path: at,
      fingerprint: fingerprint.hash,
      offset,
    });
  }

  async #declareLost({ unsettled }: ScanResult): Promise<void> {
    const { source, reporter, consumer } = this.#setup;
    for (const known of this.#registry.missing()) {
      this.#scanWanted = true;
      // Without its log, a folder may just not be mounted yet.
      const isThere = [...this.#families.values()].some(({ current }) => current !== undefined);
      if (unsettled || !isThere || ++known.missed < SCANS_TO_LOSE) continue;
      const { generation, offset: from, size: to } = known;
      try {
        await consumer.ended(source.path, generation, from);
      } catch {
        continue;
      }
      known.status = 'ended';
      const { path: at, fingerprint } = generation;
      if (to === undefined || to > from) {
        const range = { from, ...(to === undefined ? {} : { to }) };
        reporter.report({ event: 'lines_lost', source: source.path, path: at, fingerprint, ...range });
      } else {
        reporter.report({
          event: 'generation_ended',
          source: source.path,
          path: at,
          fingerprint,
          offset: from,
        });
      }
    }
  }

  #reportDeparture(family: Family): void {
    const { departed } = family;
    if (departed === undefined) return;
    family.departed = undefined;
    const { reader } = departed;
    const moved = reader.path !== family.path;
    const kind = moved ? 'renamed' : reader.removed ? 'removed' : 'replaced';
    this.#setup.reporter.report({
      event: 'rotation',
      source: this.#setup.source.path,
      path: family.path,
      kind,
    });
  }

  #holder(key: string): [Family, GenerationReader] | undefined {
    for (const family of this.#families.values()) {
      for (const reader of family.readers) if (keyOf(reader) === key) return [family, reader];
    }
    return undefined;
  }

  #unreadable(file: string, error: Error): void {
    if (!this.#firstTime(`unreadable ${file}`)) return;
    const { source, reporter } = this.#setup;
    reporter.report({ event: 'file_unreadable', source: source.path, path: file, error });
  }

  #firstTime(what: string): boolean {
    if (this.#told.has(what)) return false;
    this.#told.add(what);
    return true;
  }
}

const keyOf = (reader: GenerationReader | undefined): string | undefined =>
  reader === undefined ? undefined : fileKey(reader.log.dev, reader.log.ino);

async function names(file: string, key: string): Promise<boolean> {
  const now = await stat(file, { bigint: true }).catch(() => undefined);
  return now !== undefined && fileKey(now.dev, now.ino) === key;
}

/** What cannot be read now is tried again at its turn, which also reports why. */
async function trying(work: () => Promise<unknown>): Promise<void> {
  await work().catch(() => undefined);
}
