/** Damage of all kinds, at random: whatever comes out was packed, at the place where it was packed. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { readFinished } from '../../src/tail/finished.ts';
import { randomFrom, seedFromEnvironment } from '../support/random.ts';
import { Recorder, tempFolder } from './harness.ts';

const ROUNDS = Number(process.env['TAILMETER_ROUNDS'] ?? 150);

interface Glued {
  readonly packed: Buffer;
  readonly text: string;
  /** Where each part ends, packed and unpacked. */
  readonly ends: readonly { readonly packed: number; readonly unpacked: number }[];
}

function glue(random: () => number, pack: (text: string) => Buffer): Glued {
  const parts: Buffer[] = [];
  const ends: { packed: number; unpacked: number }[] = [];
  let text = '';
  let packed = 0;
  const count = 1 + Math.floor(random() * 5);
  for (let i = 0; i < count; i++) {
    let part = '';
    for (let lines = Math.floor(random() * 80); lines >= 0; lines--) {
      part += `{"id":"${Math.floor(random() * 1e9)}","user":"u${Math.floor(random() * 9)}","bytes":${Math.floor(random() * 9999)}}\n`;
    }
    // Members of NGINX end anywhere in a line.
    if (random() < 0.3) part = part.slice(0, -Math.floor(random() * 40) - 1);
    text += part;
    const bytes = pack(part);
    parts.push(bytes);
    packed += bytes.length;
    ends.push({ packed, unpacked: text.length });
  }
  return { packed: Buffer.concat(parts), text, ends };
}

/** What was done to the file, and the first packed byte that is not what it was. */
function damage(random: () => number, packed: Buffer): { bytes: Buffer; from: number; what: string } {
  const at = Math.floor(random() * packed.length);
  const length = 1 + Math.floor(random() * 64);
  const copy = Buffer.from(packed);
  const kind = Math.floor(random() * 6);
  if (kind === 0) return { bytes: copy.subarray(0, at), from: at, what: `cut at ${at}` };
  if (kind === 1) {
    const bytes = Buffer.concat([copy.subarray(0, at), copy.subarray(at + length)]);
    return { bytes, from: at, what: `without ${length} bytes at ${at}` };
  }
  if (kind === 2) {
    const bytes = Buffer.concat([copy.subarray(0, at), copy.subarray(at, at + length), copy.subarray(at)]);
    return { bytes, from: at, what: `${length} bytes twice at ${at}` };
  }
  if (kind === 3) {
    copy.fill(0, at, Math.min(copy.length, at + length));
    return { bytes: copy, from: at, what: `${length} zeros at ${at}` };
  }
  copy[at]! ^= 1 << Math.floor(random() * 8);
  return { bytes: copy, from: at, what: `a bit at ${at}` };
}

it.each([
  ['gz', (text: string) => gzipSync(text)],
  ['zst', (text: string) => zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
] as const)(
  'no line comes out that was not packed, and all of whole parts before damage do (%s)',
  async (kind, pack) => {
    const random = randomFrom(seedFromEnvironment(`damaged archives, ${kind}`));
    const folder = await tempFolder();
    const file = path.join(folder, `x.${kind}`);
    for (let round = 0; round < ROUNDS; round++) {
      const { packed, text, ends } = glue(random, pack);
      const { bytes, from, what } = damage(random, packed);
      await writeFile(file, bytes);
      const recorder = new Recorder();
      const options = { source: 'access.log', maxLineBytes: 1024 * 1024, consumer: recorder };
      const failure = await readFinished([file], options).then(
        () => undefined,
        (error: Error) => error,
      );
      const out = recorder.lines_;
      const invented = out.filter(({ offset, text: line, unterminated }) => {
        const end = offset + line.length;
        // Only the end of all that there is ends a line without a newline.
        const isEnded = unterminated ? failure === undefined : text[end] === '\n';
        return text.slice(offset, end) !== line || !isEnded;
      });
      expect({ what, invented }).toEqual({ what, invented: [] });
      const whole = ends.findLast((end) => end.packed <= from)?.unpacked ?? 0;
      const last = out.at(-1);
      const reached = last === undefined ? 0 : last.offset + last.text.length + 1;
      const missing = Math.max(0, text.lastIndexOf('\n', whole - 1) + 1 - reached);
      expect({ what, missing }).toEqual({ what, missing: 0 });
    }
  },
);
