/**
 * Which losses somebody has taken note of: `acknowledged.ndjson` in the state directory, one line for each, only ever
 * appended to. A file of its own: whoever acknowledges need not own the state directory, and a running daemon sees it.
 *
 *     {"id":"5f0c2a9e","time":"2026-11-20T15:00:00.000Z"}
 */
import { readFileSync, statSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Loss } from '../loss.ts';
import { diskFs, isMissing } from './state-fs.ts';

const NAME = 'acknowledged.ndjson';
const NEWLINE = 0x0a;

/** A loss, and when it was acknowledged (RFC 3339); null while it was not. */
export interface LossStatus extends Loss {
  readonly acknowledged: string | null;
}

const pathIn = (stateDir: string): string => join(stateDir, NAME);

/** Reads the file when it has changed. At once: the status is asked for, and it is small. */
export class Acknowledged {
  readonly #path: string;
  #version = '';
  #times: ReadonlyMap<string, string> = new Map();

  constructor(stateDir: string) {
    this.#path = pathIn(stateDir);
  }

  /** @throws the error of the system when the file cannot be read */
  mark(losses: readonly Loss[]): LossStatus[] {
    // Nothing to look for: the usual case.
    if (losses.length === 0) return [];
    const times = this.#read();
    return losses.map((loss) => {
      const time = times.get(loss.id);
      // What was lost since has the id of another loss at the same place.
      return { ...loss, acknowledged: time !== undefined && time >= loss.time ? time : null };
    });
  }

  #read(): ReadonlyMap<string, string> {
    try {
      const { ino, size, mtimeMs } = statSync(this.#path);
      const version = `${ino}:${size}:${mtimeMs}`;
      if (version !== this.#version) this.#times = parse(readFileSync(this.#path, 'utf8'));
      this.#version = version;
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.#times = new Map();
      this.#version = '';
    }
    return this.#times;
  }
}

/** Appends these losses' ids; durable when it resolves. @param now Unix milliseconds */
export async function acknowledge(stateDir: string, ids: readonly string[], now: number): Promise<void> {
  const path = pathIn(stateDir);
  const time = new Date(now).toISOString();
  const owner = await stat(stateDir);
  const file = await open(path, 'a+', 0o600);
  try {
    // A line that was cut off by a crash must not take the next one with it.
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    const start = size > 0 && last[0] !== NEWLINE ? '\n' : '';
    await file.appendFile(start + ids.map((id) => `${JSON.stringify({ id, time })}\n`).join(''));
    // Root acknowledges what a daemon of another user is to read.
    if (process.getuid?.() === 0) await file.chown(owner.uid, owner.gid);
    await file.sync();
  } finally {
    await file.close();
  }
  await diskFs.syncDir(stateDir);
}

/** The last one counts. What is no such line, as one that was cut off, does not. */
function parse(text: string): Map<string, string> {
  const times = new Map<string, string>();
  for (const line of text.split('\n')) {
    try {
      const { id, time } = JSON.parse(line) as { id?: unknown; time?: unknown };
      if (typeof id === 'string' && typeof time === 'string') times.set(id, time);
    } catch {
      // See above.
    }
  }
  return times;
}
