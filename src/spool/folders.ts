/**
 * The folders of a state directory. Somebody may remove them while the daemon runs: then they are made anew, but not
 * where another file system stands in their place, which says that ours is only away for a while.
 */
import { StateDirError } from '../errors.ts';
import { layoutOf, type StateLayout } from './layout.ts';
import type { StateFs } from './state-fs.ts';

export class StateFolders {
  readonly layout: StateLayout;
  readonly #fs: StateFs;
  readonly #destinations: readonly string[];
  readonly #made: (destinations: readonly string[]) => void;
  #device: string;
  #last: Promise<unknown> = Promise.resolve();

  /** @param made Called when spool folders of these destinations had to be made anew: their chunks are gone. */
  static async open(
    fs: StateFs,
    stateDir: string,
    destinations: readonly string[],
    made: (destinations: readonly string[]) => void,
  ): Promise<StateFolders> {
    const { root, dead, quarantine, chunks } = layoutOf(stateDir);
    for (const folder of [root, dead, quarantine, ...destinations.map(chunks)]) await fs.makeDir(folder);
    return new StateFolders(fs, stateDir, destinations, made, await fs.device(root));
  }

  private constructor(
    fs: StateFs,
    stateDir: string,
    destinations: readonly string[],
    made: (destinations: readonly string[]) => void,
    device: string,
  ) {
    this.layout = layoutOf(stateDir);
    this.#fs = fs;
    this.#destinations = destinations;
    this.#made = made;
    this.#device = device;
  }

  /**
   * Makes what is missing.
   * @throws StateDirError while the file system of the state is away
   */
  ensure(): Promise<void> {
    const done = this.#last.then(() => this.#ensure());
    this.#last = done.catch(() => {});
    return done;
  }

  async #ensure(): Promise<void> {
    const { root, dead, quarantine, chunks } = this.layout;
    const gone: string[] = [];
    for (const destination of this.#destinations) {
      if ((await this.#fs.size(chunks(destination))) === undefined) gone.push(destination);
    }
    const device = await this.#fs.device(root);
    if (gone.length > 0 && device !== this.#device) {
      throw new StateDirError(`the file system of ${root} is away`);
    }
    // It may have another name when it was mounted again.
    this.#device = device;
    for (const folder of [dead, quarantine, ...gone.map(chunks)]) await this.#fs.makeDir(folder);
    if (gone.length > 0) this.#made(gone);
  }
}
