// Loaded into a daemon (`node --import`) where a test may not mount a file system: while the file $FAILING_DISK.fault
// exists, whatever would change something below $FAILING_DISK fails with the code that stands in it.
import { readFileSync } from 'node:fs';
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
for (const name of ['open', 'writeFile', 'mkdir', 'rename', 'unlink', 'truncate']) {
  const real = promises[name];
  promises[name] = async (path, ...rest) => {
    const reads = name === 'open' && (rest[0] === undefined || rest[0] === 'r' || rest[0] === 0);
    // A file that is only created, as a lock, needs none.
    const needsSpace = name === 'open' && rest[0] !== 'wx';
    const code = reads || !String(path).startsWith(root) ? '' : fault();
    if (code === 'EROFS' || (code === 'ENOSPC' && needsSpace)) {
      throw Object.assign(new Error(`${code}: injected, ${name} '${path}'`), { code, syscall: name });
    }
    return real(path, ...rest);
  };
}
syncBuiltinESMExports();
