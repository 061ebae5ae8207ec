/**
 * How a file is packed: by its first bytes, which do not lie, and by its name where it has no bytes yet. What cannot be
 * unpacked here is named with the tool that can.
 */
import { PackedLogError } from '../errors.ts';

export type ArchiveKind = 'gz' | 'tar.gz' | 'zst' | 'tar.zst';
export type LogKind = 'plain' | ArchiveKind;

/** Of a file, so many tell how it is packed. */
export const HEAD_BYTES = 512;

interface Format {
  readonly name: string;
  /** Names that end so. */
  readonly ending: RegExp;
  readonly magic: (head: Buffer) => boolean;
  /** Writes what FILE holds to standard output; absent: it is read here. */
  readonly tool?: string;
  readonly kind?: 'gz' | 'zst';
}

const bytes =
  (...wanted: readonly number[]) =>
  (head: Buffer): boolean =>
    head.length >= wanted.length && wanted.every((byte, index) => head[index] === byte);
const anyOf =
  (...formats: readonly ((head: Buffer) => boolean)[]) =>
  (head: Buffer): boolean =>
    formats.some((is) => is(head));
const text = (wanted: string): ((head: Buffer) => boolean) => bytes(...Buffer.from(wanted, 'latin1'));
/** Its third byte is a level; what follows is the mark of a block, or of the end. */
const isBzip2 = (head: Buffer): boolean =>
  text('BZh')(head) && anyOf(text('1AY&SY'), bytes(0x17, 0x72, 0x45, 0x38, 0x50))(head.subarray(4));
const isZip = anyOf(text('PK\u0003\u0004'), text('PK\u0005\u0006'), text('PK\u0007\u0008'));
const ZSTD_MAGIC = 0xfd2fb528;
/** Frames of any content that is to be passed over: sixteen numbers. */
const ZSTD_SKIPPABLE = 0x184d2a50;

const FORMATS: readonly Format[] = [
  { name: 'gzip', ending: /\.t?gz$/, magic: bytes(0x1f, 0x8b, 0x08), kind: 'gz' },
  { name: 'zstd', ending: /\.t?zst$/, magic: isZstd, kind: 'zst' },
  { name: 'xz', ending: /\.t?xz$/, magic: bytes(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), tool: 'xz -dc FILE' },
  { name: 'bzip2', ending: /\.t?bz2$/, magic: isBzip2, tool: 'bzip2 -dc FILE' },
  { name: 'zip', ending: /\.zip$/, magic: isZip, tool: 'unzip -p FILE' },
  { name: 'lz4', ending: /\.lz4$/, magic: bytes(0x04, 0x22, 0x4d, 0x18), tool: 'lz4 -dc FILE' },
  { name: 'compress', ending: /\.Z$/, magic: bytes(0x1f, 0x9d), tool: 'gzip -dc FILE' },
  { name: 'lzip', ending: /\.lz$/, magic: text('LZIP'), tool: 'lzip -dc FILE' },
  { name: 'lzma', ending: /\.lzma$/, magic: bytes(0x5d, 0, 0), tool: 'xz -dc --format=lzma FILE' },
  { name: 'lzop', ending: /\.lzo$/, magic: bytes(0x89, 0x4c, 0x5a, 0x4f), tool: 'lzop -dc FILE' },
  { name: '7z', ending: /\.7z$/, magic: bytes(0x37, 0x7a, 0xbc, 0xaf), tool: '7z e -so FILE' },
  { name: 'Brotli', ending: /\.br$/, magic: () => false, tool: 'brotli -dc FILE' },
  { name: 'tar', ending: /\.tar$/, magic: isTar, tool: 'tar -xOf FILE' },
];

const TAR_NAME = /\.(?:tar\.|t)(?:gz|zst)$/;

/** Whether unpacked bytes begin a tar archive. */
export function isTar(head: Buffer): boolean {
  return head.length >= 262 && head.toString('latin1', 257, 262) === 'ustar';
}

export function isZstd(head: Buffer): boolean {
  if (head.length < 4) return false;
  const magic = head.readUInt32LE(0);
  return magic === ZSTD_MAGIC || isSkippable(magic);
}

/** The number that a zstd frame begins with says that it is none. */
export const isSkippable = (magic: number): boolean => (magic & 0xff_ff_ff_f0) >>> 0 === ZSTD_SKIPPABLE;

/** A name that a growing log does not have. */
export function isPackedName(name: string): boolean {
  return FORMATS.some(({ ending }) => ending.test(name));
}

/** The name without what says how it is packed. */
export function unpackedName(name: string): string {
  const packed = FORMATS.find(({ ending }) => ending.test(name));
  return packed === undefined ? name : name.replace(packed.ending, '').replace(/\.tar$/, '');
}

/** What the name alone says; `unread` when it is a packed file that is not read here. */
export function kindByName(name: string): LogKind | 'unread' {
  const packed = FORMATS.find(({ ending }) => ending.test(name));
  if (packed === undefined) return 'plain';
  if (packed.kind === undefined) return 'unread';
  return TAR_NAME.test(name) ? `tar.${packed.kind}` : packed.kind;
}

/**
 * @param head The first HEAD_BYTES of the file, or all that it has.
 * @throws PackedLogError for what is not read here, and for a file that is not what its name says
 */
export function kindOf(path: string, head: Buffer): LogKind {
  const found = FORMATS.find(({ magic }) => magic(head));
  if (found?.tool !== undefined) throw notRead(path, found);
  if (found?.kind !== undefined) return TAR_NAME.test(path) ? `tar.${found.kind}` : found.kind;
  const named = FORMATS.find(({ ending }) => ending.test(path));
  if (named === undefined) return 'plain';
  if (named.tool !== undefined) throw notRead(path, named);
  // Nothing in it yet.
  if (head.length === 0) return kindByName(path) as LogKind;
  throw new PackedLogError(
    path,
    `is named as if it were packed with ${named.name}, and is not: give it another name if it is plain text, else replace it by a whole copy`,
  );
}

function notRead(path: string, { name, tool = '' }: Format): PackedLogError {
  return new PackedLogError(
    path,
    `is packed with ${name}, which is not read here: unpack it first (${tool.replace('FILE', path)} > ${unpackedName(path)}${unpackedName(path) === path ? '.unpacked' : ''})`,
  );
}

/**
 * What is packed within what is packed is not read: it would be lines of binary.
 * @param path The file.
 * @param member The file in it, where it is a tar archive; else ''.
 * @param head The first bytes of what it holds.
 * @throws PackedLogError when they are not those of a plain log
 */
export function refuseNested(path: string, member: string, head: Buffer): void {
  const found = FORMATS.find(({ magic }) => magic(head));
  if (found === undefined) return;
  const what = member === '' ? 'something' : member;
  throw new PackedLogError(
    path,
    `holds ${what} that is packed once more (${found.name}), which is not read here: unpack ${path} first (${unpackingOf(path, member)}), and replay what comes out`,
  );
}

/** First or fourth bytes of what gzip, compress, zstd and xz write; no JSON line holds them. */
const RARE_BYTES = [
  [0x1f, 0],
  [0xfd, 0],
  [0xfd, 3],
] as const;
const NEWLINE = 0x0a;

/** Where packed bytes begin at the start of a line, in bytes that begin with a line; -1 when nowhere. */
export function packedLine(lines: Buffer): number {
  let first = -1;
  for (const [byte, before] of RARE_BYTES) {
    for (let at = lines.indexOf(byte); at >= 0; at = lines.indexOf(byte, at + 1)) {
      const start = at - before;
      if (start < 0 || (start > 0 && lines[start - 1] !== NEWLINE)) continue;
      if (FORMATS.every(({ magic }) => !magic(lines.subarray(start, start + HEAD_BYTES)))) continue;
      if (first < 0 || start < first) first = start;
      break;
    }
  }
  return first;
}

/** @param at Byte of the (unpacked) log. */
export function packedWithin(path: string, at: number): PackedLogError {
  return new PackedLogError(
    path,
    `holds packed bytes among its lines, from byte ${at} on, and is read up to there: cut them off (tail -c +${at + 1} of what it holds), unpack them, and replay them as a file of their own`,
  );
}

/** @throws PackedLogError for a file of a tar archive that stands there without its holes */
export function refuseSparse(path: string, member: string): never {
  throw new PackedLogError(
    path,
    `holds ${member} as a sparse file, whose offsets are not those of the log: unpack ${path} first (tar -xf ${path}), and replay what comes out`,
  );
}

/** Of a file that is read here, but not what it holds. */
function unpackingOf(path: string, member: string): string {
  if (member !== '') return `tar -xf ${path}`;
  const tool = /\.t?zst$/.test(path) ? 'zstd -dc' : 'gzip -dc';
  const name = unpackedName(path);
  return `${tool} < ${path} > ${name === path ? `${name}.unpacked` : name}`;
}

/** @throws PackedLogError when `head`, the first bytes of a growing log, says that it is packed */
export function refusePacked(path: string, head: Buffer): void {
  const found = FORMATS.find(({ magic }) => magic(head));
  if (found === undefined) return;
  throw new PackedLogError(
    path,
    `is packed (${found.name}), and lines of a packed file cannot be verified while it grows: have the log written plain (NGINX: access_log without gzip), and packed when it is rotated; tailmeter replay reads what is there`,
    true,
  );
}

/** A glob finds these packed files, and nothing that grows. */
export function packedOnly(pattern: string, found: readonly string[]): PackedLogError {
  return new PackedLogError(
    pattern,
    `matches packed files only (${found[0]}${found.length > 1 ? ` and ${found.length - 1} more` : ''}), and only a plain log can be followed: name the log that is written; tailmeter replay reads what is packed`,
    true,
  );
}
