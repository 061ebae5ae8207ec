// Builds dist/: the program, and what it loads of other packages at each start, in a few files. To find three hundred of
// them takes longer than to run them. Types are checked elsewhere (`npm run check`).
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dist/cli');

rmSync(join(root, 'dist'), { recursive: true, force: true });
// Of undici, what a connection of HTTP/1.1 runs. HTTP/2 is switched off (src/ship/http-client.ts), but undici would
// load it, and with it TLS and half of Node's cryptography: 5 MB of memory, 20 ms. What it loads on demand stays outside;
// package.json asks for one version exactly, so that both are of the same.
const ON_DEMAND = /\/node_modules\/(undici\/lib\/(?:web\/|milo\/|llhttp\/.*-wasm).*)$/;
const NO_HTTP2 = '\0no-http2.cjs';
const undici = {
  name: 'undici',
  async resolveId(source, importer, options) {
    if (!importer?.includes('/node_modules/undici/')) return undefined;
    if (source === './client-h2.js') return NO_HTTP2;
    const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
    const onDemand = ON_DEMAND.exec(resolved?.id ?? '');
    return onDemand === null ? resolved : { id: onDemand[1], external: true };
  },
  load: (id) =>
    id === NO_HTTP2
      ? "module.exports = () => { throw new Error('tailmeter speaks HTTP/1.1 only'); };"
      : undefined,
};

// To the day, so that a build can be repeated; SOURCE_DATE_EPOCH says another one.
const DAY_MS = 86_400_000;
const builtAt = Number(process.env.SOURCE_DATE_EPOCH ?? 'NaN') * 1000 || Date.now();
const builtMs = Math.floor(builtAt / DAY_MS) * DAY_MS;

const { output } = await build({
  cwd: root,
  input: { main: 'src/cli/main.ts' },
  platform: 'node',
  // The oldest that may run it (package.json): it lacks `using`, for one.
  transform: { target: 'node22.22', define: { TAILMETER_BUILT_MS: String(builtMs) } },
  // They are loaded by few commands.
  external: ['fastify', 'tar-stream'],
  plugins: [undici],
  // CommonJS: an `import` of a module of Node would load all that it could give.
  output: {
    dir: folder,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    comments: false,
  },
  logLevel: 'warn',
});

// V8 keeps the source, with two bytes a character if one of them is beyond Latin-1: 2 MB.
for (const { fileName, code } of output) {
  const ascii = code.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  writeFileSync(join(folder, fileName), ascii);
}

const PACKAGE = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;
const packages = new Map();
for (const { moduleIds = [] } of output) {
  for (const id of moduleIds) {
    const found = PACKAGE.exec(id);
    if (found !== null) packages.set(found[1], found[0]);
  }
}
const licenses = [...packages]
  .toSorted(([a], [b]) => a.localeCompare(b))
  .map(([name, path]) => {
    const { version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
    const text =
      file !== undefined && existsSync(join(path, file)) ? readFileSync(join(path, file), 'utf8') : '';
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
writeFileSync(join(root, 'dist/THIRD-PARTY-LICENSES'), licenses.join(`\n${'-'.repeat(80)}\n\n`));
