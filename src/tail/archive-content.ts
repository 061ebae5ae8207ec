/**
 * One file of an archive as `Content`: forward only, with the bytes kept that may be asked for again (those from the
 * last `forget` on), so that whoever reads lines need not know the difference. It hands out what was verified and
 * nothing else, unless it is asked to.
 */
import type { FileHandle } from 'node:fs/promises';
import { DamagedArchiveError } from '../errors.ts';
import { isTarKind, unpack } from './archive.ts';
import type { Content, ContentStat } from './content.ts';
import { release } from './decoder.ts';
import type { ArchiveKind } from './packing.ts';
import type { Member } from './untar.ts';
import { verify, type Damage, type Verification } from './verification.ts';

const NS_PER_MS = 1_000_000n;

/**
 * - `identify`: only to see what it may be, as far as it unpacks. Nothing is verified, and nothing of it may be billed.
 * - `read`: nothing is handed out that was not verified.
 * - `salvage`: verified first, then also what does not verify, as far as it unpacks; `unverifiedFrom` says where.
 */
export type ReadPurpose = 'identify' | 'read' | 'salvage';

/** What the files of one archive share. */
interface Shared {
  readonly file: FileHandle;
  readonly path: string;
  readonly kind: ArchiveKind;
  readonly purpose: ReadPurpose;
  readonly closing: AbortController;
  parts: AsyncGenerator<Member | Buffer, void> | undefined;
  verifying: Promise<Verification> | undefined;
  verification: Verification | undefined;
  /** Milliseconds that it took. */
  verifyingMs: number;
}

export class ArchiveContent implements Content {
  readonly growing = false;
  readonly name: string;
  /** When the packed file was last written, Unix nanoseconds; undefined when the archive's own time says it. */
  readonly memberMtimeNs: bigint | undefined;

  readonly #shared: Shared;
  /** Its place among the files of the archive. */
  readonly #entry: number;
  /** What is kept: unpacked bytes from `#start` to `#end`. */
  #kept: Buffer[] = [];
  #start = 0;
  #end = 0;
  #floor = 0;
  #done = false;
  #failure: Error | undefined;
  #next: Member | undefined;
  #pulling: Promise<void> | undefined;

  private constructor(shared: Shared, entry: number, member: Member) {
    this.#shared = shared;
    this.#entry = entry;
    this.name = member.name;
    this.memberMtimeNs = member.mtimeMs === undefined ? undefined : BigInt(member.mtimeMs) * NS_PER_MS;
  }

  /** Opens the first file of an archive. Rejects when there is none, or it cannot be unpacked at all. */
  static async open(
    file: FileHandle,
    path: string,
    kind: ArchiveKind,
    purpose: ReadPurpose,
  ): Promise<ArchiveContent> {
    const parts = unpack(file, path, kind, { salvage: true });
    const { value } = await parts.next();
    if (value === undefined || Buffer.isBuffer(value)) throw new Error('the archive holds no file');
    // Those of another purpose begin anew once they are verified.
    if (purpose !== 'identify') await parts.return();
    const shared: Shared = {
      file,
      path,
      kind,
      purpose,
      closing: new AbortController(),
      parts: purpose === 'identify' ? parts : undefined,
      verifying: undefined,
      verification: undefined,
      verifyingMs: 0,
    };
    return new ArchiveContent(shared, 0, value);
  }

  /** Whether it can be read from without long waiting. Asking has it verified meanwhile. */
  prepare(): boolean {
    if (this.#shared.parts !== undefined || this.#shared.verification !== undefined || this.#done)
      return true;
    void this.#verify().catch((error: unknown) => {
      this.#failure ??= error as Error;
      this.#done = true;
    });
    return false;
  }

  /** Salvaged: from where on its bytes are not verified; Infinity when all are. To be asked once it was read from. */
  get unverifiedFrom(): number {
    const { verification, kind } = this.#shared;
    if (verification?.damage === undefined) return Infinity;
    if (!isTarKind(kind)) return verification.damage.unpackedFrom;
    return this.#entry < verification.entries ? Infinity : 0;
  }

  /** Milliseconds that it took to verify it; 0 before. */
  get verifyingMs(): number {
    return this.#shared.verifyingMs;
  }

  get damage(): Damage | undefined {
    return this.#shared.verification?.damage;
  }

  /** The next file of the archive, undefined when this was the last one. Takes over the descriptor. */
  async following(): Promise<ArchiveContent | undefined> {
    this.#floor = Infinity;
    await this.#fill(Infinity);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#next === undefined
      ? undefined
      : new ArchiveContent(this.#shared, this.#entry + 1, this.#next);
  }

  async read(into: Buffer, length: number, position: number): Promise<number> {
    await this.#fill(position + length);
    const count = Math.max(0, Math.min(length, this.#end - position));
    // Damage is told once all that precedes it has been handed out.
    if (count === 0 && this.#failure !== undefined) throw this.#failure;
    if (count > 0 && position < this.#start) throw new Error(`byte ${position} was forgotten already`);
    let at = this.#start;
    let copied = 0;
    for (const piece of this.#kept) {
      const from = position + copied - at;
      if (copied < count && from < piece.length) {
        copied += piece.copy(into, copied, from, Math.min(piece.length, from + count - copied));
      }
      at += piece.length;
    }
    // What comes next is unpacked, by another thread, while this is mapped.
    void this.#fill(position + 2 * length);
    return copied;
  }

  head(into: Buffer, length: number): Promise<number> {
    return this.read(into, length, 0);
  }

  peek(): number {
    throw new Error('an archive does not change: there is nothing to compare');
  }

  glance(): ContentStat {
    return { size: this.#end, mtimeNs: this.memberMtimeNs ?? 0n, links: 1 };
  }

  forget(position: number): void {
    this.#floor = position;
    let whole = 0;
    for (const piece of this.#kept) {
      if (this.#start + piece.length > position) break;
      this.#start += piece.length;
      release(piece);
      whole++;
    }
    if (whole > 0) this.#kept.splice(0, whole);
  }

  stat(): Promise<ContentStat> {
    return Promise.resolve(this.glance());
  }

  async close(): Promise<void> {
    const { closing, verifying, file } = this.#shared;
    closing.abort(new Error('it was closed'));
    await verifying?.catch(() => undefined);
    await this.#shared.parts?.return();
    await file.close();
  }

  #verify(): Promise<Verification> {
    const { file, path, kind, closing } = this.#shared;
    const start = performance.now();
    this.#shared.verifying ??= verify(file, path, kind, closing.signal).then((verification) => {
      this.#shared.verification = verification;
      this.#shared.verifyingMs = performance.now() - start;
      return verification;
    });
    return this.#shared.verifying;
  }

  /** Unpacks until there are bytes up to `end`, or no more. Never rejects; may be called again meanwhile. */
  async #fill(end: number): Promise<void> {
    while (this.#end < end && !this.#done) {
      this.#pulling ??= this.#pull().finally(() => (this.#pulling = undefined));
      await this.#pulling;
    }
  }

  async #pull(): Promise<void> {
    try {
      const parts = this.#shared.parts ?? (await this.#begin());
      this.#refuseDamaged();
      const { value } = await parts.next();
      if (value !== undefined && Buffer.isBuffer(value)) {
        this.#kept.push(value);
        this.#end += value.length;
        this.forget(this.#floor);
        return;
      }
      this.#next = value ?? undefined;
      const { damage } = this;
      if (this.#next === undefined && damage !== undefined && this.#shared.purpose === 'read') {
        throw new DamagedArchiveError(damage);
      }
    } catch (error) {
      this.#failure = error as Error;
    }
    this.#done = true;
  }

  /** Verifies, then unpacks up to where the bytes of this file, which is the first one, begin. */
  async #begin(): Promise<AsyncGenerator<Member | Buffer, void>> {
    const { file, path, kind, purpose } = this.#shared;
    const { packed, seals } = await this.#verify();
    const parts =
      purpose === 'salvage'
        ? unpack(file, path, kind, { sealed: seals, salvage: true })
        : unpack(file, path, kind, { sealed: seals, to: packed });
    this.#refuseDamaged();
    this.#shared.parts = parts;
    await parts.next();
    return parts;
  }

  /** A file of a tar archive that does not verify gives nothing at all. */
  #refuseDamaged(): void {
    const { verification, purpose, kind } = this.#shared;
    if (purpose !== 'read' || verification?.damage === undefined || !isTarKind(kind)) return;
    if (this.#entry >= verification.entries) throw new DamagedArchiveError(verification.damage);
  }
}
