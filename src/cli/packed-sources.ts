/** Sources that cannot be followed because what they name is packed: `check` and `preview` refuse them. */
import { constants } from 'node:fs';
import { glob, open } from 'node:fs/promises';
import type { Config } from '../config/types.ts';
import { ConfigError, PackedLogError, type ConfigProblem } from '../errors.ts';
import { HEAD_BYTES, isPackedName, packedOnly, refusePacked } from '../tail/packing.ts';

/** @throws ConfigError that names each of them, with the remedy */
export async function refusePackedSources(file: string, { sources }: Config): Promise<void> {
  const problems: ConfigProblem[] = [];
  for (const [index, { path }] of sources.entries()) {
    const error = await packed(path);
    if (error !== undefined) problems.push({ path: `sources[${index}].path`, message: error.message });
  }
  if (problems.length > 0) throw new ConfigError(file, problems);
}

async function packed(path: string): Promise<PackedLogError | undefined> {
  const found: string[] = await Array.fromAsync(glob(path)).catch(() => []);
  const plain = found.filter((match) => !isPackedName(match));
  if (plain.length === 0 && found.some((match) => match !== path)) return packedOnly(path, found.toSorted());
  if (isPackedName(path)) {
    return new PackedLogError(
      path,
      'is named as a packed file, and only a plain log can be followed: lines of a packed one cannot be verified while it grows. Have the log written plain (NGINX: access_log without gzip), and packed when it is rotated; tailmeter replay reads what is there',
      true,
    );
  }
  for (const log of plain) {
    const head = await headOf(log).catch(() => Buffer.alloc(0));
    try {
      refusePacked(log, head);
    } catch (error) {
      if (error instanceof PackedLogError) return error;
      throw error;
    }
  }
  return undefined;
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) return Buffer.alloc(0);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
