/**
 * One source: follows its paths through rotations. `look` compares the folders with what is known, and opens and
 * retires generations; `turn` delivers one buffer-full of one log. The tailer never runs two of them at once.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { SourceSurvey } from '../types.ts';
import { openLog } from './content.ts';
import { assertRoomForLog } from './descriptors.ts';
import { Families, keyOf } from './families.ts';
import type { Family } from './family.ts';
import { Folders } from './folders.ts';
import { Naming } from './naming.ts';
import { packedOnly } from './packing.ts';
import { expand, fixedFolder, isRotated } from './paths.ts';
import { isOver, Registry, type Sighting } from './registry.ts';
import { SourceReports } from './reports.ts';
import { fileKey, names } from './file-key.ts';
import { Search } from './search.ts';
import type { SourceSetup } from './setup.ts';
import { isMissing } from './siblings.ts';
import { surveyOf, type Trouble } from './source-survey.ts';
import { Turns } from './turns.ts';

/** The folder is searched every so many looks though nothing says that it changed: an ended file may have grown. */
const LOOKS_PER_SEARCH = 10;

export class SourceFollower {
  readonly #setup: SourceSetup;
  readonly #registry: Registry;
  readonly #reports: SourceReports;
  readonly #naming: Naming;
  readonly #search: Search;
  readonly #turns: Turns;
  readonly #folders = new Folders();
  readonly #families = new Families();
  /** Rotated files that the glob names. */
  #matched: ReadonlySet<string> = new Set();
  /** Folders that the glob needs and that cannot be listed. */
  #unlisted: readonly Trouble[] = [];
  #looks = 0;
  #looked = false;

  constructor(setup: SourceSetup) {
    this.#setup = setup;
    this.#registry = new Registry(setup.positions);
    this.#reports = new SourceReports(setup.reporter, setup.source.path);
    this.#naming = new Naming(setup, this.#registry, this.#reports);
    this.#search = new Search(setup, this.#registry, this.#naming, this.#families, this.#reports);
    this.#turns = new Turns(setup, this.#naming, this.#search, this.#reports);
  }

  get families(): Iterable<Family> {
    return this.#families;
  }

  /** The folders to watch, each with what identifies it: one that is created anew has another value. */
  get folders(): ReadonlyMap<string, string> {
    return this.#folders.identities;
  }

  /** Something was written to the file `name` (unknown: null) in this folder. */
  wake(folder: string, name: string | null): void {
    for (const family of this.#families) {
      if (family.awake || !this.#folders.concerns(family.path, folder)) continue;
      // What a link leads to, or what was rotated away, has another name.
      const isPlain = path.dirname(family.path) === folder && family.readers.at(0) === family.current;
      if (!isPlain || name === path.basename(family.path)) family.awake = true;
    }
  }

  /** The path under which a file is open here. */
  holderOf(key: string): string | undefined {
    return this.#families.holder(key)?.reader.path;
  }

  /** See `OtherSources`: as of the last `expand`. */
  follows(at: string): boolean {
    return at === this.#setup.source.path || this.#families.get(at) !== undefined;
  }

  /** See `OtherSources`. */
  matches(at: string): boolean {
    return this.#matched.has(at);
  }

  /** See `OtherSources`. */
  async readUpTo(sighting: Sighting): Promise<number> {
    const known = await this.#registry.exactly(sighting);
    return known !== undefined && isOver(known) ? known.offset : 0;
  }

  get path(): string {
    return this.#setup.source.path;
  }

  /** What is unread now, by a fresh look at what is open, and what could not be looked at. At once: status asks. */
  survey(): SourceSurvey {
    const { path: source } = this;
    const { ignored, troubles } = this.#search;
    if (!this.#looked)
      return { files: [], ignored, unknown: [{ path: source, reason: 'it is not looked at yet' }] };
    const { files, unknown } = surveyOf(source, {
      families: this.#families,
      registry: this.#registry,
      troubles: [...this.#unlisted, ...troubles],
      isHeld: (key) => this.#families.holder(key) !== undefined || this.#isOthers(key),
    });
    return { files, unknown, ignored };
  }

  #isOthers(key: string): boolean {
    return this.#setup.others.holderOf(key) !== undefined;
  }

  /** Delivers one buffer-full of a log. False when there is nothing to do for now. */
  turn(family: Family): Promise<boolean> {
    return this.#turns.turn(family);
  }

  /**
   * Opens what is new, retires what has lost its path, finds what was rotated meanwhile. Never rejects for a file. To be
   * called after `expand` of all sources.
   */
  async look(): Promise<void> {
    const initial = this.#looks++ === 0;
    const { path: pattern, rotated = [] } = this.#setup.source;
    for (const family of this.#families) await this.#lookAt(family, initial);
    const changed = await this.#folders.changed(this.#families.paths, [pattern, ...rotated].map(fixedFolder));
    if (changed || this.#search.wanted || this.#looks % LOOKS_PER_SEARCH === 0) {
      // A truncation that is not noticed yet would make a file that is read already look like another one.
      for (const family of this.#families) await this.#turns.check(family);
      const isGlob = this.#families.get(pattern) === undefined;
      const around = { initial, matched: this.#matched, isGlob };
      if (await this.#search.run(around)) await this.#search.run({ ...around, initial: false });
    }
    if (initial) this.#naming.forgetStarts(this.#families.openFiles());
    for (const family of this.#families) {
      this.#reportDeparture(family);
      family.awake = true;
    }
    this.#looked = true;
  }

  async close(): Promise<void> {
    this.#looked = false;
    for (const { readers } of this.#families) {
      for (const reader of readers) await reader.close();
    }
    this.#families.clear();
  }

  /** Sees which logs there are. Never rejects. */
  async expand(): Promise<void> {
    const { path: pattern } = this.#setup.source;
    try {
      const { logs, rotated, unlisted, packed } = await expand(pattern, this.#families.paths);
      this.#unlisted = unlisted;
      for (const { path: folder, error } of unlisted) {
        this.#reports.tellOnce(`unreadable ${folder}`, { event: 'file_unreadable', path: folder, error });
      }
      this.#matched = new Set(rotated);
      for (const log of logs) this.#families.at(log);
      for (const family of this.#families) {
        const owner = logs.find((log) => isRotated(family.path, [log]));
        if (owner !== undefined) this.#merge(family, this.#families.at(owner));
        const isGone = !logs.includes(family.path) && family.readers.length === 0;
        if (isGone && unlisted.length === 0) this.#families.delete(family.path);
      }
      if (this.#families.isEmpty && packed.length > 0) {
        const error = packedOnly(pattern, packed);
        this.#unlisted = [...unlisted, { path: pattern, error }];
        this.#reports.tellOnce('only packed', { event: 'log_packed', path: pattern, error });
      } else if (this.#families.isEmpty && unlisted.length === 0)
        this.#reports.tellOnce('no match', { event: 'file_missing', path: pattern });
      else this.#reports.forget('no match');
    } catch (error) {
      this.#unlisted = [{ path: pattern, error: error as Error }];
      const event = { event: 'file_unreadable', path: pattern, error: error as Error } as const;
      this.#reports.tellOnce(`unreadable ${pattern}`, event);
    }
  }

  /** A name that was taken for a log of its own, while the log was away, is a rotated file of it. */
  #merge(family: Family, owner: Family): void {
    family.retire();
    family.departed = undefined;
    for (const reader of family.readers.splice(0)) owner.insert(reader);
  }

  async #lookAt(family: Family, initial: boolean): Promise<void> {
    const { path: at } = family;
    let key: string | undefined;
    try {
      const now = await stat(at, { bigint: true });
      key = fileKey(now.dev, now.ino);
      if (!now.isFile()) throw new Error(`${at} is not a regular file`);
      if (initial) this.#naming.notice(key, Number(now.size));
      family.named = true;
      await this.#checkMount(family, key, now.nlink === 0n);
      if (currentKey(family) !== key && !(await this.#takeHeld(family, key))) {
        const owner = this.#setup.others.holderOf(key);
        if (owner === undefined) await this.#open(family, key);
        else this.#claimedTwice(family, key, owner);
      }
      if (family.trouble === 'unreadable') this.#reports.tell({ event: 'file_readable_again', path: at });
      family.trouble = undefined;
      family.error = undefined;
    } catch (error) {
      family.error = error as Error;
      this.#notThere(family, key, error as Error);
    }
  }

  #notThere(family: Family, key: string | undefined, error: Error): void {
    const { path: at } = family;
    const trouble = isMissing(error) ? 'missing' : 'unreadable';
    if (trouble === 'missing') {
      family.named = false;
      family.announced = false;
    }
    // What cannot be looked at may still be what is open.
    if (trouble === 'missing' || (key !== undefined && currentKey(family) !== key)) family.retire();
    if (family.trouble === trouble) return;
    family.trouble = trouble;
    if (trouble === 'unreadable') this.#reports.tell({ event: 'file_unreadable', path: at, error });
    // Matches of a glob come and go.
    else if (at === this.#setup.source.path) this.#reports.tell({ event: 'file_missing', path: at });
  }

  /** A file that is mounted by itself stays at the path when it is replaced where it comes from: that is said. */
  async #checkMount(family: Family, key: string, unlinked: boolean): Promise<void> {
    const { path: at, mount } = family;
    await mount.look(at, key, unlinked);
    if (mount.isMount && !mount.isDetached) {
      this.#reports.tellOnce(`mounted ${at}`, { event: 'file_mounted', path: at });
    }
    if (mount.isCertain) this.#reports.tellOnce(`detached ${at}`, { event: 'file_detached', path: at });
    else if (!mount.isDetached) this.#reports.forget(`detached ${at}`);
  }

  async #open(family: Family, key: string): Promise<void> {
    assertRoomForLog();
    const log = await openLog(family.path, 'grow');
    if (fileKey(log.dev, log.ino) === key) {
      family.promote(this.#naming.reader(log));
      this.#search.wanted = true;
    } else {
      // Replaced between the two calls: the next look sees what it is.
      await log.content.close();
    }
  }

  /** The path names a file that is open already: renamed back, renamed to another log's path, or a second link. */
  async #takeHeld(family: Family, key: string): Promise<boolean> {
    const held = this.#families.holder(key);
    if (held === undefined) return false;
    const { family: other, reader } = held;
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
    const { path: at } = family;
    this.#reports.tellOnce(`twice ${at} ${key}`, { event: 'file_claimed_twice', path: at, owner });
  }

  #reportDeparture(family: Family): void {
    const { departed: reader, path: at } = family;
    if (reader === undefined) return;
    family.departed = undefined;
    const elsewhere = reader.removed ? 'removed' : 'replaced';
    this.#reports.tell({ event: 'rotation', path: at, kind: reader.path === at ? elsewhere : 'renamed' });
  }
}

const currentKey = ({ current }: Family): string | undefined =>
  current === undefined ? undefined : keyOf(current);
