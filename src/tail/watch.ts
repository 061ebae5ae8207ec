/**
 * File-system events of folders, as hints. They may come late, twice or never (network and overlay file systems):
 * the poll finds whatever they miss.
 */
import { watch, type FSWatcher } from 'node:fs';

export class FolderWatcher {
  readonly #watchers = new Map<string, { readonly identity: string; readonly watcher: FSWatcher }>();
  readonly #onEvent: (folder: string, renamed: boolean, name: string | null) => void;

  /** `renamed`: something was created, renamed or deleted, rather than written to. */
  constructor(onEvent: (folder: string, renamed: boolean, name: string | null) => void) {
    this.#onEvent = onEvent;
  }

  /** Watches these folders (path → what identifies it) and no others. One that cannot be watched is left to the poll. */
  follow(folders: ReadonlyMap<string, string>): void {
    for (const [folder, { identity }] of this.#watchers) {
      if (folders.get(folder) !== identity) this.#forget(folder);
    }
    for (const [folder, identity] of folders) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, (type, name) =>
          this.#onEvent(folder, type === 'rename', name),
        );
        watcher.on('error', () => this.#forget(folder));
        this.#watchers.set(folder, { identity, watcher });
      } catch {
        // No watches left, or a folder that went away: the poll sees to it, and this is tried again after it.
      }
    }
  }

  close(): void {
    for (const folder of this.#watchers.keys()) this.#forget(folder);
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.watcher.close();
    this.#watchers.delete(folder);
  }
}
