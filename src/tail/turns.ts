/**
 * Gives the generations of a log their turns, and sees to what a turn brings to light: the end, a truncation, an
 * error.
 */
import { PackedLogError } from '../errors.ts';
import type { Family } from './family.ts';
import { fileKey } from './file-key.ts';
import type { Naming } from './naming.ts';
import type { GenerationReader } from './reader.ts';
import { leaveAt, lose } from './registry.ts';
import { troubleWith, type SourceReports } from './reports.ts';
import type { Search } from './search.ts';
import type { SourceSetup } from './setup.ts';

const MS_PER_S = 1000;

export class Turns {
  readonly #setup: SourceSetup;
  readonly #naming: Naming;
  readonly #search: Search;
  readonly #reports: SourceReports;

  constructor(setup: SourceSetup, naming: Naming, search: Search, reports: SourceReports) {
    this.#setup = setup;
    this.#naming = naming;
    this.#search = search;
    this.#reports = reports;
  }

  /** Delivers one buffer-full of the oldest generation that has one. False when there is nothing to do for now. */
  async turn(family: Family): Promise<boolean> {
    for (const reader of family.readers.slice()) {
      // Verifying takes its time, and the order is kept; the next look asks again.
      if (!reader.log.content.prepare()) return false;
      if (await this.#turnOf(family, reader)) return true;
    }
    return false;
  }

  /** Sees which generations were truncated, before other files are judged by what is known. */
  async check(family: Family): Promise<void> {
    for (const reader of family.readers.slice()) {
      if (await reader.isTruncated().catch(() => false)) this.#truncated(family, reader);
    }
  }

  async #turnOf(family: Family, reader: GenerationReader): Promise<boolean> {
    try {
      if (reader.life.state === 'fresh') {
        if (family.held && reader.log.content.growing) return false;
        if (!(await this.#naming.begin(family, reader))) return await this.#endFresh(family, reader);
        this.#search.wanted = true;
      }
      const { offset } = reader;
      const turn = await reader.turn();
      if (reader.offset > offset) family.active = true;
      this.#mended(reader);
      if (turn === 'truncated') return this.#truncated(family, reader);
      if (turn === 'idle') return await this.#end(family, reader);
      return turn === 'delivered';
    } catch (error) {
      await this.#failed(family, reader, error as Error);
      return false;
    }
  }

  /** A file without a complete first line is over, too, some time after its path has left it. */
  async #endFresh(family: Family, reader: GenerationReader): Promise<boolean> {
    if (reader.known !== undefined || !this.#isOver(family, reader)) return false;
    if (reader.size > 0) return this.#naming.begin(family, reader, true);
    family.remove(reader);
    await reader.close();
    return true;
  }

  async #end(family: Family, reader: GenerationReader): Promise<boolean> {
    const { known } = reader;
    if (known === undefined || !this.#isOver(family, reader)) return false;
    // A link that was switched tells nobody where somebody may still write to it.
    if (reader !== family.current) reader.locate(family.path);
    const turn = await reader.finish();
    if (turn === 'truncated') return this.#truncated(family, reader);
    if (turn !== 'idle') return turn === 'delivered';
    family.remove(reader);
    leaveAt(known, reader.offset, reader.mark);
    known.status = 'ended';
    const { fingerprint, path } = known.generation;
    this.#reports.tell({ event: 'generation_ended', path, fingerprint, offset: known.offset });
    return true;
  }

  /** The descriptor holds another generation from now on. What was not read of the old one may stand in a copy. */
  #truncated(family: Family, reader: GenerationReader): boolean {
    const { known } = reader;
    if (known !== undefined) {
      leaveAt(known, reader.offset, reader.mark);
      known.size = reader.knownSize;
      lose(known);
      known.truncated = true;
    }
    const next = this.#naming.reader(reader.log);
    next.path = reader.path;
    reader.life.become('ended');
    family.replace(reader, next);
    this.#reports.tell({ event: 'rotation', path: reader.path, kind: 'truncated' });
    this.#search.missed();
    return true;
  }

  async #failed(family: Family, reader: GenerationReader, error: Error): Promise<void> {
    if (!reader.troubled) {
      reader.troubled = true;
      this.#reports.tell(troubleWith(reader.path, error));
    }
    if (error instanceof PackedLogError && reader !== family.current && this.#isOver(family, reader)) {
      // It grows no more: as a rotated file it can be read, if it is one that can be verified.
      family.remove(reader);
      await reader.close();
      this.#search.missed();
      return;
    }
    if (reader.log.content.growing || reader.known === undefined) return;
    // An archive that is damaged, or not complete yet: the rest is looked for again when something changes.
    const { known } = reader;
    if (reader.life.state !== 'fresh') leaveAt(known, reader.offset, reader.mark);
    lose(known);
    known.archive = fileKey(reader.log.dev, reader.log.ino);
    // How much there is behind the damage, nobody knows.
    delete known.size;
    family.remove(reader);
    await reader.close();
    this.#search.missed(reader.log);
  }

  #mended(reader: GenerationReader): void {
    if (!reader.troubled) return;
    reader.troubled = false;
    this.#reports.tell({ event: 'file_readable_again', path: reader.path });
  }

  #isOver(family: Family, reader: GenerationReader): boolean {
    return family.isOver(reader, this.#setup.source.rotate_wait * MS_PER_S);
  }
}
