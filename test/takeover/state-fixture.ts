/**
 * A state directory of an older version with its logs, as `fixtures/state-VERSION/` keeps it, and the way from there to
 * a folder of this machine and back. A state names logs by absolute path, device and inode: the fixture has stand-ins
 * for them (`ROOT`, inodes from 1), which are replaced here, with the checksums over them. All else is, byte for byte,
 * what the older version wrote.
 */
import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';

/** Dead letters are known by their place in a file: the real folder must have a name of the same length. */
export const ROOT = '/fixture'.padEnd(80, '-');

/** `expected.json` of a fixture. */
export interface Expected {
  /** By inode in the fixture, the oldest first: the log, from the folder. */
  readonly logs: Readonly<Record<string, string>>;
  /** What the older version hashed to tell whether a configuration makes the same of a line. */
  readonly mapping: string;
  /** By log: the events of its lines, as the older version's `preview` printed them. */
  readonly events: Readonly<Record<string, readonly string[]>>;
  /** By destination: the keys (`subscription/id`) that Lago had stored. */
  readonly stored: Readonly<Record<string, readonly string[]>>;
  /** By destination: the keys that Lago refuses. */
  readonly refused: Readonly<Record<string, readonly string[]>>;
  /** Lines that become dead letters, those not read yet included. */
  readonly deadLines: number;
}

export const fixtureFolder = (version: string): string =>
  fileURLToPath(new URL(`../../fixtures/state-${version}`, import.meta.url));

/** A folder within `parent` whose path is as long as `ROOT`. */
export function folderIn(parent: string): string {
  const folder = join(parent, '-'.repeat(Math.max(1, ROOT.length - parent.length - 1)));
  if (folder.length !== ROOT.length) throw new Error(`${parent} is too long a path, set TMPDIR to a shorter`);
  return folder;
}

/** Copies a fixture to `folder` and makes it the state of the logs that are there now. */
export async function installFixture(version: string, folder: string): Promise<Expected> {
  await cp(fixtureFolder(version), folder, { recursive: true });
  const expected = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as Expected;
  const files = new Map<string, File>();
  // Git keeps no times: the order in which logs were written last tells the older one.
  let seconds = Date.now() / 1000 - 3600;
  for (const [ino, log] of Object.entries(expected.logs)) {
    await utimes(join(folder, log), (seconds += 60), seconds);
    files.set(ino, await fileAt(join(folder, log)));
  }
  await rewriteState(join(folder, 'state'), { from: ROOT, to: folder, files, mapping: expected.mapping });
  return expected;
}

export interface File {
  readonly dev: string;
  readonly ino: string;
}

export async function fileAt(path: string): Promise<File> {
  const { dev, ino } = await stat(path, { bigint: true });
  return { dev: `${dev}`, ino: `${ino}` };
}

export interface Rewriting {
  /** Folders, of the same length. */
  readonly from: string;
  readonly to: string;
  /** By inode. */
  readonly files: ReadonlyMap<string, File>;
  /** With the paths of `from`. */
  readonly mapping: string;
}

/** Rewrites, in place, what a state directory says of paths and inodes. */
export async function rewriteState(stateDir: string, how: Rewriting): Promise<void> {
  for (const entry of await readdir(stateDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, 'latin1');
    if (entry.name.startsWith('checkpoint')) await writeFile(path, checkpoint(text, how), 'latin1');
    else if (path.includes('/spool/')) await writeFile(path, chunk(text, how), 'latin1');
    else if (path.includes('/dead/')) await writeFile(path, text.replaceAll(how.from, how.to), 'latin1');
    else await rm(path);
  }
}

/** `{"tailmeter_checkpoint":1,"crc32":…,"data":{…}}`, blanks, and a newline. */
function checkpoint(text: string, how: Rewriting): string {
  const { data } = JSON.parse(text) as { data: Record<string, unknown> };
  const rewritten = rewriteValue(data, how) as Record<string, unknown>;
  const mapping = createHash('sha256').update(how.mapping.replaceAll(how.from, how.to)).digest('hex');
  const json = JSON.stringify({ ...rewritten, mapping });
  return `{"tailmeter_checkpoint":1,"crc32":${crc32(json)},"data":${json}}\n`;
}

/** A header line that ends with its checksum, over the events and the header up to there; the events. */
function chunk(text: string, how: Rewriting): string {
  const newline = text.indexOf('\n');
  const { crc32: _, ...header } = JSON.parse(text.slice(0, newline)) as Record<string, unknown>;
  const body = text.slice(newline + 1);
  const covered = JSON.stringify(rewriteValue(header, how)).slice(0, -1);
  return `${covered},"crc32":${crc32(covered, crc32(Buffer.from(body, 'latin1')))}}\n${body}`;
}

function rewriteValue(value: unknown, how: Rewriting): unknown {
  if (typeof value === 'string') return value.replaceAll(how.from, how.to);
  if (Array.isArray(value)) return value.map((item) => rewriteValue(item, how));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key.replaceAll(how.from, how.to),
    rewriteValue(item, how),
  ]);
  const rewritten = Object.fromEntries(entries) as Record<string, unknown>;
  return 'ino' in value ? { ...rewritten, ...how.files.get(String(value.ino)) } : rewritten;
}

/** Takes the state of `folder` for a fixture: the other way of `installFixture`. */
export async function packFixture(folder: string, version: string, expected: Expected): Promise<void> {
  const files = new Map<string, File>();
  for (const [ino, log] of Object.entries(expected.logs)) {
    files.set((await fileAt(join(folder, log))).ino, { dev: '1', ino });
  }
  const mapping = expected.mapping.replaceAll(ROOT, folder);
  await rewriteState(join(folder, 'state'), { from: folder, to: ROOT, files, mapping });
  await writeFile(join(folder, 'expected.json'), `${JSON.stringify(expected, undefined, 1)}\n`);
  const target = fixtureFolder(version);
  await rm(target, { recursive: true, force: true });
  await rename(folder, target).catch(async (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await cp(folder, target, { recursive: true });
    await rm(folder, { recursive: true });
  });
}
