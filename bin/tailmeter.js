#!/usr/bin/env node
// The executable: refuses a Node that is too old with a clear word, then hands over to the command line.
// Modules of Node are taken one by one, without `import`, which would load all that they could give.

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 22)) {
  console.error(`tailmeter needs Node.js 22.22 or newer; this is ${process.version}`);
  process.exit(1);
}
const { argv, execArgv, execPath } = process;
const { existsSync } = process.getBuiltinModule('node:fs');

// Flags of V8 that are taken at the start of a process only: what runs long starts itself anew, under the same process
// id, for 25 ms. src/cli/engine.ts has the others.
const AT_START = [
  // Threads that compile beside the main one keep the memory that they needed for it, each for itself: 8 to 20 MB.
  // Compiled in place, a catch-up costs the same CPU time and is no slower.
  '--no-concurrent-recompilation',
  // What is left for such threads, one of them can do: 2 MB less.
  '--v8-pool-size=1',
  // The space for young objects is 2 MiB and does not grow, as it is touched all over. Measured in a catch-up: half of
  // it means more collections, and 2 to 3 MB more that outlive them; from twice as much on, memory grows.
  '--min-semi-space-size=2',
  '--max-semi-space-size=2',
];
const runsLong = argv[2] === 'run' || argv[2] === 'replay';
if (runsLong && !execArgv.includes(AT_START[0]) && process.execve !== undefined && existsSync(execPath)) {
  process.execve(execPath, [execPath, ...execArgv, ...AT_START, ...argv.slice(1)]);
}

const { createRequire } = process.getBuiltinModule('node:module');
const { main } = createRequire(import.meta.url)('../dist/cli/main.cjs');
process.exitCode = await main(argv);
