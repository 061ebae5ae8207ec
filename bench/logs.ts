/** Input files, made once a month (for their times) and kept in `WORK` for the next run. */
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { FIRST_TIME, kongLines, nginxLines } from './generate.ts';
import { WORK } from './job.ts';

const MONTH = new Date(FIRST_TIME).toISOString().slice(0, 7);

/** An access log of NGINX; longer lines have a longer query string. */
export async function nginxLog(lines: number, lineBytes?: number): Promise<string> {
  return lineBytes === undefined
    ? make(`nginx-${lines}.log`, nginxLines(lines))
    : make(`nginx-${lines}-${lineBytes}.log`, resized(nginxLines(lines), lineBytes));
}

/** A log of Kong's file-log. */
export const kongLog = (lines: number): Promise<string> => make(`kong-${lines}.log`, kongLines(lines));

/** The same lines, dealt out to so many files. */
export async function nginxLogs(lines: number, files: number): Promise<string[]> {
  const all = nginxLines(lines);
  const paths: string[] = [];
  for (let file = 0; file < files; file++) {
    const lot: string[] = [];
    // Not `take`: it ends what it takes from.
    for (let line = 0; line < lines / files; line++) lot.push(all.next().value as string);
    paths.push(await make(`nginx-${lines}-${file}-of-${files}.log`, lot));
  }
  return paths;
}

/** The same log, compressed as logrotate does it. */
export async function gzipped(log: string): Promise<string> {
  const path = `${log}.gz`;
  if (existsSync(path)) return path;
  await pipeline(createReadStream(log), createGzip(), createWriteStream(`${path}.new`));
  renameSync(`${path}.new`, path);
  return path;
}

export const sizeOf = (path: string): number => statSync(path).size;

/** A line that cannot be so short keeps its length: the fields that are mapped stay. */
function* resized(lines: Iterable<string>, bytes: number): Generator<string> {
  for (const line of lines) {
    const missing = bytes - line.length;
    if (missing >= 0) yield line.replace('"args":"', `"args":"${'x'.repeat(missing)}`);
    else
      yield line.replace(
        /,"(?:http_user_agent|http_referer|host|server_name|uri|args|time|scheme)":"(?:[^"\\]|\\.)*"/g,
        '',
      );
  }
}

async function make(name: string, lines: Iterable<string>): Promise<string> {
  const path = join(WORK, `${MONTH}-${name}`);
  if (existsSync(path)) return path;
  mkdirSync(WORK, { recursive: true });
  await pipeline(Readable.from(blocks(lines)), createWriteStream(`${path}.new`));
  renameSync(`${path}.new`, path);
  return path;
}

function* blocks(lines: Iterable<string>): Generator<string> {
  let block = '';
  for (const line of lines) {
    block += line;
    if (block.length < 1 << 20) continue;
    yield block;
    block = '';
  }
  yield block;
}
