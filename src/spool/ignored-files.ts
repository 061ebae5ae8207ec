/**
 * What is remembered in the state directory of files that are not billed: `ignored.json` has those that a daemon has
 * left as it is not clear whose they are (by source), `replayed.ndjson` those that a `replay` has billed after all, one
 * line each. The daemon writes the one, every replay appends to the other; both may be deleted by hand.
 */
import { join } from 'node:path';
import type { IgnoredFile } from '../types.ts';
import { TEMPORARY } from './layout.ts';
import type { StateFs } from './state-fs.ts';

/** A file as it was when all of it was replayed. */
export interface ReplayedFile {
  /** Device and inode. */
  readonly key: string;
  readonly fingerprint: string;
  readonly path: string;
  readonly bytes: number;
}

type BySource = Readonly<Record<string, readonly IgnoredFile[]>>;

export class IgnoredFiles {
  readonly #fs: StateFs;
  readonly #stateDir: string;
  #bySource: BySource;
  #replayed: readonly ReplayedFile[] = [];
  /** Bytes of `replayed.ndjson` when it was read last. */
  #read = 0;

  /** What is damaged is left out: the daemon finds it out anew. */
  static async open(fs: StateFs, stateDir: string): Promise<IgnoredFiles> {
    const bySource = await fs
      .read(join(stateDir, 'ignored.json'))
      .then((bytes) => JSON.parse(bytes.toString()) as BySource)
      .catch(() => ({}));
    return new IgnoredFiles(fs, stateDir, bySource);
  }

  private constructor(fs: StateFs, stateDir: string, bySource: BySource) {
    this.#fs = fs;
    this.#stateDir = stateDir;
    this.#bySource = bySource;
  }

  of(source: string): readonly IgnoredFile[] {
    return this.#bySource[source] ?? [];
  }

  /** Those that are still there, as they are now, and were not replayed: while no daemon runs. */
  async present(source: string): Promise<IgnoredFile[]> {
    const present: IgnoredFile[] = [];
    for (const file of this.of(source)) {
      const bytes = await this.#fs.size(file.path).catch(() => undefined);
      if (bytes === undefined || (await this.isReplayed({ ...file, bytes }))) continue;
      present.push({ ...file, bytes });
    }
    return present;
  }

  /** A disk that refuses costs no more than the memory: what is left is found out anew after a restart. */
  async keep(source: string, files: readonly IgnoredFile[]): Promise<void> {
    const { [source]: _, ...others } = this.#bySource;
    this.#bySource = files.length === 0 ? others : { ...others, [source]: files };
    const file = join(this.#stateDir, 'ignored.json');
    try {
      await this.#fs.write(file + TEMPORARY, [
        Buffer.from(`${JSON.stringify(this.#bySource, undefined, 1)}\n`),
      ]);
      await this.#fs.rename(file + TEMPORARY, file);
      await this.#fs.syncDir(this.#stateDir);
    } catch {
      // The next change writes all of it.
    }
  }

  async isReplayed({ key, fingerprint, bytes }: IgnoredFile): Promise<boolean> {
    await this.#readReplayed();
    return this.#replayed.some(
      (one) => one.key === key && one.fingerprint === fingerprint && one.bytes >= bytes,
    );
  }

  async #readReplayed(): Promise<void> {
    const file = replayedFile(this.#stateDir);
    const size = (await this.#fs.size(file).catch(() => undefined)) ?? 0;
    if (size === this.#read) return;
    const bytes = await this.#fs.read(file).catch(() => undefined);
    if (bytes === undefined) return;
    this.#read = size;
    this.#replayed = bytes.toString().split('\n').flatMap(parseLine);
  }
}

/** Says that all of these files was replayed. */
export async function noteReplayed(
  fs: StateFs,
  stateDir: string,
  files: readonly ReplayedFile[],
): Promise<void> {
  const file = replayedFile(stateDir);
  const size = (await fs.size(file)) ?? 0;
  const time = new Date().toISOString();
  const lines = files.map(
    ({ key, fingerprint, path, bytes }) => `${JSON.stringify({ time, key, fingerprint, path, bytes })}\n`,
  );
  await fs.writeAt(file, size, Buffer.from(lines.join('')));
  await fs.syncDir(stateDir);
}

const replayedFile = (stateDir: string): string => join(stateDir, 'replayed.ndjson');

function parseLine(line: string): ReplayedFile[] {
  try {
    return [JSON.parse(line) as ReplayedFile];
  } catch {
    return [];
  }
}
