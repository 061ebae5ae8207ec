/**
 * A file that takes the place of a followed log may be an edited copy of it (`sed -i`, an editor, `tail -n 100 > new; mv
 * new access.log`, a truncated log that was filled again): then reading goes on where what was read last stands in it,
 * and nothing before is billed again. Sought only where the file was not empty when it was met, or the log that was read
 * is nowhere to be found; so rotation costs nothing.
 */
import { findCopied, findMark } from './continuation.ts';
import type { Family } from './family.ts';
import type { GenerationReader } from './reader.ts';
import type { Known, Registry } from './registry.ts';
import type { SourceReports } from './reports.ts';
import type { SourceSetup } from './setup.ts';

/** Where to go on; undefined when it is no edited copy, `later` when that cannot be told yet. */
export type Continuation = number | undefined | 'later';

export class EditedCopies {
  readonly #setup: SourceSetup;
  readonly #registry: Registry;
  readonly #reports: SourceReports;

  constructor(setup: SourceSetup, registry: Registry, reports: SourceReports) {
    this.#setup = setup;
    this.#registry = registry;
    this.#reports = reports;
  }

  /** Rejects when a file cannot be read. */
  async startIn(family: Family, reader: GenerationReader): Promise<Continuation> {
    const { content, size } = reader.log;
    if (family.current !== reader || !content.growing || reader.size === 0) return undefined;
    const previous = family.readers.findLast(
      (other) => other !== reader && other.life.state !== 'fresh' && other.log.content.growing,
    );
    if (previous !== undefined && size > 0) {
      const found = await behind(previous, reader);
      if (found !== undefined) return found;
    }
    for (const known of this.#registry.missing().toReversed()) {
      if (known.generation.path !== reader.path) continue;
      const found = await this.#behindMissing(known, reader);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** What was not read of a log that is gone stands in the copy: nothing is lost with it. */
  async #behindMissing(known: Known, { log }: GenerationReader): Promise<Continuation> {
    const { generation, offset, evidence } = known;
    if (evidence?.mark === undefined || evidence.offset !== offset) return undefined;
    const found = await findMark(log.content, evidence.mark, true);
    if (found === undefined) return undefined;
    const { consumer, source } = this.#setup;
    try {
      await consumer.ended(source.path, generation, offset);
    } catch {
      return 'later';
    }
    known.status = 'ended';
    const { path, fingerprint } = generation;
    this.#reports.tell({ event: 'generation_ended', path, fingerprint, offset });
    return found;
  }
}

/**
 * While the log that was read is still open. One that has a name was rotated, as a rule: it counts only when the new file
 * holds all of its mark. One that has none may have been written to since it was copied.
 */
async function behind(previous: GenerationReader, { log }: GenerationReader): Promise<Continuation> {
  const isDrained = await previous.isDrained();
  const { removed, offset, mark } = previous;
  // What was not read of it yet would be read from both.
  if (!isDrained) return removed ? 'later' : undefined;
  if (mark === undefined) return undefined;
  const found = await findMark(log.content, mark, removed);
  if (found !== undefined || !removed) return found;
  return findCopied(log.content, previous.log.content, offset);
}
