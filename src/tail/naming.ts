/**
 * Finds out which generation an open file is, and has it read from there.
 */
import { Comparison } from './comparison.ts';
import { EditedCopies } from './edited.ts';
import type { Family } from './family.ts';
import { afterLastNewline } from './line-reader.ts';
import { GenerationReader } from './reader.ts';
import { identityOf, type Known, type Registry, type Sighting } from './registry.ts';
import type { OpenLog } from './content.ts';
import type { SourceReports } from './reports.ts';
import { fileKey } from './file-key.ts';
import type { SourceSetup } from './setup.ts';

export class Naming {
  readonly #setup: SourceSetup;
  readonly #registry: Registry;
  readonly #reports: SourceReports;
  readonly #edited: EditedCopies;
  /** Sizes that files had at the start, by device and inode: what they held then is not read. */
  readonly #startSizes = new Map<string, number>();

  constructor(setup: SourceSetup, registry: Registry, reports: SourceReports) {
    this.#setup = setup;
    this.#registry = registry;
    this.#reports = reports;
    this.#edited = new EditedCopies(setup, registry, reports);
  }

  /** A file was there at the start. Counts where the source begins at the end, and had not begun before. */
  notice(key: string, size: number): void {
    const { source, positions } = this.#setup;
    if (source.start_at === 'end' && positions.length === 0) this.#startSizes.set(key, size);
  }

  /** The start is over. Only files that could not be opened yet have still to be begun at their end. */
  forgetStarts(opened: Iterable<string>): void {
    for (const key of opened) this.#startSizes.delete(key);
  }

  reader(log: OpenLog): GenerationReader {
    const { source, consumer, buffer, elapsed } = this.#setup;
    const { path, max_line_bytes: maxLineBytes } = source;
    return new GenerationReader(log, { source: path, maxLineBytes, consumer, buffer, elapsed });
  }

  /**
   * Recognises a fresh reader as a known generation, by its inode and first line, or by the first line alone. That is
   * to be asked for all files by inode before it is for any by content.
   */
  async recognise(reader: GenerationReader, by: 'file' | 'content'): Promise<void> {
    const sighting = reader.known === undefined ? await this.#sight(reader, false) : undefined;
    if (sighting === undefined) return;
    const byFile = await this.#registry.byFile(sighting);
    const verdict = by === 'content' ? (byFile ?? (await this.#registry.byContent(sighting))) : byFile;
    if (verdict?.kind === 'resume') resume(reader, verdict.known);
  }

  /**
   * Names a fresh reader and starts it. False when that cannot be done yet: its first line is incomplete (unless
   * `complete`: nothing more is awaited), or the consumer refused. Rejects when the file cannot be read.
   */
  async begin(family: Family, reader: GenerationReader, complete = false): Promise<boolean> {
    if (reader.known === undefined && !(await this.identify(reader, complete, family))) return false;
    const current = reader === family.current;
    if (!(await reader.begin(current))) return false;
    const { path, offset } = reader;
    if (current && !family.announced) {
      family.announced = true;
      this.#reports.tell({ event: 'file_found', path, offset });
    }
    return true;
  }

  /**
   * Decides which generation a fresh reader is. False when that cannot be told yet.
   * @param family where it may be an edited copy of what was read before
   */
  async identify(reader: GenerationReader, complete = false, family?: Family): Promise<boolean> {
    const sighting = await this.#sight(reader, complete);
    if (sighting === undefined) return false;
    const verdict = (await this.#registry.byFile(sighting)) ?? (await this.#registry.byContent(sighting));
    if (verdict.kind === 'resume') {
      resume(reader, verdict.known);
      return true;
    }
    const continuation = family === undefined ? undefined : await this.#edited.startIn(family, reader);
    if (continuation === 'later') return false;
    const generation = { ...identityOf(sighting), path: reader.path };
    const start = Math.max(continuation ?? 0, await this.startOf(reader, sighting));
    reader.known = this.#registry.add(generation, start, 'open');
    return true;
  }

  /** Where a new generation starts: at 0, but for what was there at the start, or was read for another source. */
  async startOf({ log }: GenerationReader, sighting: Sighting): Promise<number> {
    const { buffer, others } = this.#setup;
    const key = fileKey(log.dev, log.ino);
    const startSize = this.#startSizes.get(key);
    // Once: the inode may be used again.
    this.#startSizes.delete(key);
    const start = startSize === undefined ? 0 : await afterLastNewline(log.content, startSize, buffer.bytes);
    return Math.max(start, await others.readUpTo(sighting));
  }

  async #sight(reader: GenerationReader, complete: boolean): Promise<Sighting | undefined> {
    const fingerprint = await reader.identify(complete);
    if (fingerprint === undefined) return undefined;
    // It was followed from its first moment on: it is never one of the old files that are left alone.
    const { content } = reader.log;
    const comparison = new Comparison(() => Promise.resolve({ content, close: () => Promise.resolve() }));
    return { log: { ...reader.log, size: reader.size }, fingerprint, live: true, comparison };
  }
}

function resume(reader: GenerationReader, known: Known): void {
  known.status = 'open';
  reader.known = known;
}
