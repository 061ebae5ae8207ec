/**
 * The files beside the logs of one source of which it is not clear whose they are. Each is named once in the log, and
 * stands in the status until it is gone or was replayed; a restart remembers it.
 */
import { matchesGlob } from 'node:path';
import type { IgnoredFile } from '../types.ts';
import type { Registry } from './registry.ts';
import { identityOf } from './registry.ts';
import type { SourceReports } from './reports.ts';
import type { RotatedFile } from './rotated-file.ts';
import type { ListedFile } from './scan.ts';
import type { SourceSetup } from './setup.ts';
import type { Sight } from './sight.ts';

export class Ignored {
  readonly #setup: SourceSetup;
  readonly #registry: Registry;
  readonly #reports: SourceReports;
  /** By device and inode. */
  readonly #files = new Map<string, IgnoredFile>();
  readonly #replayed = new Set<string>();
  /** Those whose names `rotated` knows by now, until they are judged anew. */
  readonly #lifted = new Set<string>();
  #kept: string;

  constructor(setup: SourceSetup, registry: Registry, reports: SourceReports) {
    this.#setup = setup;
    this.#registry = registry;
    this.#reports = reports;
    for (const file of setup.ignored.of(setup.source.path)) {
      const { bytes: _bytes, why: _why, key, unnamed = false, ...generation } = file;
      if (unnamed && (setup.source.rotated ?? []).some((pattern) => matchesGlob(file.path, pattern))) {
        this.#lifted.add(key);
        continue;
      }
      this.#files.set(key, file);
      registry.add(generation, 0, 'ignored');
    }
    this.#kept = JSON.stringify(setup.ignored.of(setup.source.path));
  }

  /** Without those that were replayed. */
  get files(): readonly IgnoredFile[] {
    return [...this.#files.values()].filter(({ key }) => !this.#replayed.has(key));
  }

  add(file: RotatedFile, why: string, unnamed = false): void {
    const { key, path } = file;
    const ignored = { key, ...identityOf(file), path, bytes: file.log.size, why };
    this.#files.set(key, unnamed ? { ...ignored, unnamed } : ignored);
    this.#lifted.delete(key);
  }

  /** What was ignored for its name, and is history now that its name is known, is still not billed: it says so. */
  left(file: RotatedFile): void {
    if (!this.#lifted.delete(file.key) || file.appearance.ours) return;
    this.add(
      file,
      '`rotated` names it now, but nothing that is there says that it is newer than what was read; the command bills it',
    );
  }

  /** One whose name says nothing. */
  suspect(file: Sight, why: string): void {
    if (this.#files.has(file.key)) return;
    const { bytes, key, ...generation } = file;
    this.#registry.add(generation, 0, 'ignored');
    this.#files.set(key, { key, ...generation, bytes, why, unnamed: true });
  }

  /** Where each is, by device and inode. */
  get places(): Iterable<readonly [key: string, path: string]> {
    return [...this.#files].map(([key, { path }]) => [key, path] as const);
  }

  /** @param isSeen All folders were listed: what is not among the files is gone. */
  async update(listed: readonly ListedFile[], isSeen: boolean): Promise<void> {
    if (this.#files.size === 0 && this.#kept === '[]') return;
    const present = new Map(listed.map((file) => [file.key, file]));
    for (const [key, file] of this.#files) {
      const now = present.get(key);
      if (now === undefined && !isSeen) continue;
      if (now === undefined || now.appearance.ours) {
        this.#files.delete(key);
        continue;
      }
      const { size: bytes, fingerprint = { hash: file.fingerprint, bytes: file.fingerprintBytes } } =
        now.appearance;
      const head = { fingerprint: fingerprint.hash, fingerprintBytes: fingerprint.bytes };
      const current = { ...file, ...head, path: now.path, bytes };
      this.#files.set(key, current);
      if (await this.#setup.ignored.isReplayed(current)) this.#replayed.add(key);
      else {
        this.#replayed.delete(key);
        this.#tell(current);
      }
    }
    const files = [...this.#files.values()];
    const kept = JSON.stringify(files);
    if (kept === this.#kept) return;
    this.#kept = kept;
    await this.#setup.ignored.keep(this.#setup.source.path, files);
  }

  #tell({ key, path, bytes, why }: IgnoredFile): void {
    const command = this.#setup.ignored.command(this.#setup.source.path, path);
    this.#reports.tellOnce(`ignored ${key}`, { event: 'file_ignored', path, bytes, why, command });
  }
}
