/**
 * A file system with faults, on a real folder: calls can fail, tear, or be the last thing that a process does, and
 * the power can fail. What survives a loss of power is kept track of beside the real files: contents that were
 * synced, and names whose folder was. So nothing is synced for real, which would take most of the time of a test.
 */
import { constants } from 'node:fs';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskFs, type StateFs } from '../../src/spool/state-fs.ts';

/** What happens at a call. */
export type Fault =
  /** It is not done, and rejects. */
  | 'fail'
  /** It is done, but rejects: an fsync that fails after a write. */
  | 'fail_after'
  /** A write is done by half, and rejects. */
  | 'torn'
  /** The process ends before it … */
  | 'stop_before'
  /** … in the middle of a write … */
  | 'stop_torn'
  /** … after a write, before it is synced … */
  | 'stop_unsynced'
  /** … or after it. */
  | 'stop_after';

/** Faults at which the call is done all the same. */
const DONE: ReadonlySet<Fault> = new Set<Fault>(['fail_after', 'stop_unsynced', 'stop_after']);

export interface Call {
  readonly name: keyof StateFs;
  readonly path: string;
  /** Counts the calls that change something, from 0; −1 for others. */
  readonly index: number;
}

const CHANGES: ReadonlySet<keyof StateFs> = new Set([
  'makeDir',
  'write',
  'writeAt',
  'truncate',
  'rename',
  'link',
  'remove',
  'syncDir',
]);

export class FaultError extends Error {
  readonly code: string;

  constructor(code: string, { name, path }: Call) {
    super(`${code}: injected, ${name} '${path}'`);
    this.code = code;
  }
}

interface Inode {
  synced: Buffer;
}

/** A change of a folder that is not durable yet: one operation, all of it or none. */
type NameChange = readonly (readonly [path: string, inode: Inode | undefined])[];

/** The medium: what a loss of power leaves. */
class Medium {
  readonly root: string;
  readonly #live = new Map<string, Inode>();
  readonly #durable = new Map<string, Inode>();
  readonly #pending = new Map<string, NameChange[]>();
  readonly #folders = new Set<string>();

  constructor(root: string) {
    this.root = root;
  }

  folder(path: string): void {
    this.#folders.add(path);
  }

  /** There is such a file; what it holds is not synced. */
  written(path: string): void {
    if (!this.#live.has(path)) this.#change(dirname(path), [[path, { synced: Buffer.alloc(0) }]]);
  }

  synced(path: string, content: Buffer): void {
    const inode = this.#live.get(path);
    if (inode !== undefined) inode.synced = content;
    else this.#change(dirname(path), [[path, { synced: content }]]);
  }

  renamed(from: string, to: string): void {
    const inode = this.#live.get(from);
    if (inode === undefined) return;
    const [source, target] = [dirname(from), dirname(to)];
    if (source === target) {
      this.#change(source, [
        [from, undefined],
        [to, inode],
      ]);
    } else {
      this.#change(source, [[from, undefined]]);
      this.#change(target, [[to, inode]]);
    }
  }

  linked(from: string, to: string): void {
    const inode = this.#live.get(from);
    if (inode !== undefined) this.#change(dirname(to), [[to, inode]]);
  }

  removed(path: string): void {
    if (this.#live.has(path)) this.#change(dirname(path), [[path, undefined]]);
  }

  vanished(folder: string): void {
    for (const names of [this.#live, this.#durable]) {
      for (const path of names.keys()) if (path.startsWith(`${folder}/`)) names.delete(path);
    }
    for (const path of this.#pending.keys()) if (path.startsWith(folder)) this.#pending.delete(path);
    for (const path of this.#folders) if (path.startsWith(folder)) this.#folders.delete(path);
  }

  namesSynced(folder: string): void {
    for (const change of this.#pending.get(folder) ?? []) apply(this.#durable, change);
    this.#pending.delete(folder);
  }

  /** @param kept how many of the `count` unsynced changes of a folder survive: the first ones */
  async losePower(kept: (count: number) => number): Promise<void> {
    for (const changes of this.#pending.values()) {
      for (const change of changes.slice(0, kept(changes.length))) apply(this.#durable, change);
    }
    this.#pending.clear();
    this.#live.clear();
    await rm(this.root, { recursive: true });
    for (const folder of [this.root, ...this.#folders]) await mkdir(folder, { recursive: true });
    for (const [path, inode] of this.#durable) {
      this.#live.set(path, inode);
      await writeFile(path, inode.synced);
    }
  }

  #change(folder: string, change: NameChange): void {
    apply(this.#live, change);
    const pending = this.#pending.get(folder);
    if (pending === undefined) this.#pending.set(folder, [change]);
    else pending.push(change);
  }
}

function apply(names: Map<string, Inode>, change: NameChange): void {
  for (const [path, inode] of change) {
    if (inode === undefined) names.delete(path);
    else names.set(path, inode);
  }
}

/** The file system as one process sees it. Calls are done one after the other, so that a test runs the same each time. */
export class FaultyFs implements StateFs {
  /** Decides at each call. */
  fault: (call: Call) => Fault | undefined = () => undefined;
  /** The code of the errors. */
  errorCode = 'EIO';
  /** While true, whatever needs more space than it had fails with ENOSPC. */
  full = false;
  free = 1e12;
  /** The file system on which everything is. */
  deviceName = '1';
  /** Calls so far. */
  readonly calls: Call[] = [];
  readonly #medium: Medium;
  #changes = 0;
  #dead = false;
  readonly #died = Promise.withResolvers<void>();
  #busy = 0;
  #last: Promise<unknown> = Promise.resolve();
  #paused: PromiseWithResolvers<void> | undefined;

  constructor(root: string | Medium) {
    this.#medium = typeof root === 'string' ? new Medium(root) : root;
  }

  /** Calls so far that change something. */
  get changes(): number {
    return this.#changes;
  }

  /** Resolves when the process has ended. */
  get died(): Promise<void> {
    return this.#died.promise;
  }

  /** Resolves when no call is under way and none follows from those that were. */
  async quiet(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#busy > 0);
  }

  /** Writes take as long as the test likes: until `resume`. */
  pause(): void {
    this.#paused = Promise.withResolvers();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  /** A bit of a file flips on the medium, as no call of ours does. */
  async flipBit(path: string, at: number): Promise<void> {
    const bytes = await diskFs.read(path);
    bytes[at < 0 ? bytes.length + at : at]! ^= 4;
    await writeFile(path, bytes);
    this.#medium.synced(path, bytes);
  }

  /** Somebody deletes a folder with all that is in it. */
  async vanish(folder: string): Promise<void> {
    this.#busy++;
    await rm(folder, { recursive: true, force: true });
    this.#medium.vanished(folder);
    this.#busy--;
  }

  /** `kill -9`, here and now. */
  kill(): void {
    this.#dead = true;
    this.#died.resolve();
  }

  /** The process ends and another one starts on the same files. */
  async reboot(): Promise<FaultyFs> {
    this.kill();
    await this.quiet();
    return new FaultyFs(this.#medium);
  }

  /** The power fails. By default nothing that was not synced survives. */
  async losePower(kept: (count: number) => number = () => 0): Promise<FaultyFs> {
    this.kill();
    await this.quiet();
    await this.#medium.losePower(kept);
    return new FaultyFs(this.#medium);
  }

  makeDir(path: string): Promise<void> {
    return this.#call('makeDir', path, async () => {
      await mkdir(path, { recursive: true });
      this.#medium.folder(path);
    });
  }

  list(path: string): Promise<string[]> {
    return this.#call('list', path, () => diskFs.list(path));
  }

  size(path: string): Promise<number | undefined> {
    return this.#call('size', path, () => diskFs.size(path));
  }

  read(path: string): Promise<Buffer> {
    return this.#call('read', path, () => diskFs.read(path));
  }

  readAt(path: string, offset: number, bytes: number): Promise<Buffer> {
    return this.#call('readAt', path, () => diskFs.readAt(path, offset, bytes));
  }

  write(path: string, parts: readonly Buffer[]): Promise<void> {
    const content = Buffer.concat(parts);
    const write = async (bytes: Buffer, sync: boolean): Promise<void> => {
      await writeFile(path, bytes);
      if (sync) this.#medium.synced(path, bytes);
      else this.#medium.written(path);
    };
    return this.#call(
      'write',
      path,
      (sync) => write(content, sync),
      () => write(content.subarray(0, content.length / 2), true),
      () => Promise.resolve(content.length > 0),
    );
  }

  writeAt(path: string, offset: number, bytes: Buffer): Promise<void> {
    const write = async (some: Buffer, sync: boolean): Promise<void> => {
      await using file = await open(path, constants.O_WRONLY | constants.O_CREAT);
      await file.write(some, 0, some.length, offset);
      if (sync) this.#medium.synced(path, await diskFs.read(path));
      else this.#medium.written(path);
    };
    return this.#call(
      'writeAt',
      path,
      (sync) => write(bytes, sync),
      () => write(bytes.subarray(0, bytes.length / 2), true),
      async () => offset + bytes.length > ((await diskFs.size(path)) ?? 0),
    );
  }

  truncate(path: string, size: number): Promise<void> {
    return this.#call('truncate', path, () => diskFs.truncate(path, size));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call('rename', to, async () => {
      await diskFs.rename(from, to);
      this.#medium.renamed(from, to);
    });
  }

  link(from: string, to: string): Promise<void> {
    return this.#call('link', to, async () => {
      await diskFs.link(from, to);
      this.#medium.linked(from, to);
    });
  }

  remove(path: string): Promise<void> {
    return this.#call('remove', path, async () => {
      await diskFs.remove(path);
      this.#medium.removed(path);
    });
  }

  syncDir(path: string): Promise<void> {
    return this.#call('syncDir', path, async () => {
      await stat(path);
      this.#medium.namesSynced(path);
    });
  }

  device(path: string): Promise<string> {
    return this.#call('device', path, () => Promise.resolve(this.deviceName));
  }

  freeBytes(path: string): Promise<number> {
    return this.#call('freeBytes', path, () => Promise.resolve(this.free));
  }

  #call<T>(
    name: keyof StateFs,
    path: string,
    action: (sync: boolean) => Promise<T>,
    half: () => Promise<unknown> = () => Promise.resolve(),
    needsSpace: () => Promise<boolean> = () => Promise.resolve(false),
  ): Promise<T> {
    const done = this.#inTurn(this.#last, name, () => this.#perform(name, path, action, half, needsSpace));
    // What hangs for ever must not hold up whoever waits for its turn to be told that it hangs, too.
    this.#last = Promise.race([done.catch(() => {}), this.#died.promise]);
    return done;
  }

  async #inTurn<T>(earlier: Promise<unknown>, name: keyof StateFs, perform: () => Promise<T>): Promise<T> {
    await earlier;
    if (CHANGES.has(name)) await this.#paused?.promise;
    if (this.#dead) return never;
    this.#busy++;
    try {
      const result = await perform();
      if (!this.#dead) return result;
    } catch (error) {
      if (!this.#dead) throw error;
    } finally {
      this.#busy--;
    }
    // A process that has ended gets no answer.
    return never;
  }

  async #perform<T>(
    name: keyof StateFs,
    path: string,
    action: (sync: boolean) => Promise<T>,
    half: () => Promise<unknown>,
    needsSpace: () => Promise<boolean>,
  ): Promise<T> {
    const call: Call = { name, path, index: CHANGES.has(name) ? this.#changes++ : -1 };
    this.calls.push(call);
    const fault = this.fault(call);
    if (this.full && (await needsSpace())) {
      await half();
      throw new FaultError('ENOSPC', call);
    }
    if (fault === 'torn' || fault === 'stop_torn') await half();
    const isDone = fault === undefined || DONE.has(fault);
    const result = isDone ? await action(fault !== 'stop_unsynced') : undefined;
    if (fault?.startsWith('stop') === true) this.kill();
    if (fault !== undefined && !this.#dead) throw new FaultError(this.errorCode, call);
    return result as T;
  }
}

const never = new Promise<never>(() => {});
