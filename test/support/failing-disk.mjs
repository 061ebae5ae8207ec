// Loaded into a daemon (`node --import`) where a test may not mount a file system: while the file $FAILING_DISK.fault
// exists, whatever would change something below $FAILING_DISK fails with the code that stands in it.
import fs, { readFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const root = process.env.FAILING_DISK;
const fault = () => {
  try {
    return readFileSync(`${root}.fault`, 'utf8');
  } catch {
    return '';
  }
};
/** The error that a call meets; undefined when it meets none. */
const errorOf = (name, path, flags) => {
  const reads = name === 'open' && (flags === undefined || flags === 'r' || flags === 0);
  // A file that is only created, as a lock, needs no space.
  const needsSpace = name === 'writeFile' || (name === 'open' && flags !== 'wx');
  const code = reads || !String(path).startsWith(root) ? '' : fault();
  if (code !== 'EROFS' && !(code === 'ENOSPC' && needsSpace)) return undefined;
  return Object.assign(new Error(`${code}: injected, ${name} '${path}'`), { code, syscall: name });
};
for (const name of ['open', 'writeFile', 'mkdir', 'rename', 'link', 'unlink', 'truncate']) {
  const real = promises[name];
  promises[name] = async (path, ...rest) => {
    const error = errorOf(name, path, rest[0]);
    if (error !== undefined) throw error;
    return real(path, ...rest);
  };
}
const { open } = fs;
fs.open = (path, flags, ...rest) => {
  const error = errorOf('open', path, flags);
  if (error === undefined) open(path, flags, ...rest);
  else process.nextTick(rest.at(-1), error);
};
syncBuiltinESMExports();
