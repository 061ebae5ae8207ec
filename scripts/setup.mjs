// Makes a fresh clone ready: installs the locked packages when they are absent or stale, then builds dist/.
// Plain JavaScript without dependencies, because it runs before either exists, on whatever Node the machine has.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const mtime = (path) => (existsSync(join(root, path)) ? statSync(join(root, path)).mtimeMs : 0);
const run = (command, args) =>
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

if (mtime('node_modules/.package-lock.json') < mtime('package-lock.json')) {
  console.error('setup: installing the locked packages (npm ci)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

const sources = readdirSync(join(root, 'src'), { recursive: true }).map((name) => join('src', String(name)));
const newest = Math.max(...sources.map(mtime), mtime('scripts/build.mjs'));
if (mtime('dist/cli/main.cjs') < newest) {
  console.error('setup: building dist/');
  run(process.execPath, [join(root, 'scripts/build.mjs')]);
}
