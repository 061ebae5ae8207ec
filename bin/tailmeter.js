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
// V8's middle compiler, which Node.js 22 does not use yet.
const hasMaglev = major >= 24;

// Flags of V8 that are taken at the start of a process only: what runs long starts itself anew, under the same process
// id, for 25 ms.
const AT_START = [
  // Threads that compile beside the main one keep the memory that they needed for it, each for itself: 8 to 20 MB.
  // Compiled in place, a catch-up costs the same CPU time and is no slower.
  '--no-concurrent-recompilation',
  // What is left for such threads, one of them can do: 2 MB less.
  '--v8-pool-size=1',
  // What is hot has Maglev, and the rest is not worth a compiler: 1 MB less for the same CPU time.
  ...(hasMaglev ? ['--no-sparkplug'] : []),
  // The space for young objects is 1 MiB, and 2 when many outlive a collection, as in a catch-up: held at 1 MiB that takes
  // 5 to 10% more CPU time, and 2 to 3 MB for objects that got old too soon. All of it is touched: from 4 MiB on,
  // memory grows.
  '--max-semi-space-size=2',
];
const runsLong = argv[2] === 'run' || argv[2] === 'replay';
if (runsLong && !execArgv.includes(AT_START[0]) && process.execve !== undefined && existsSync(execPath)) {
  // What was asked for comes last, and counts.
  process.execve(execPath, [execPath, ...AT_START, ...execArgv, ...argv.slice(1)]);
}
const { setFlagsFromString } = process.getBuiltinModule('node:v8');
// Old garbage is collected when the heap has grown by a fifth, instead of doubled: in a catch-up, more than 10 MB less.
setFlagsFromString('--heap-growing-percent=20');
// The hot loops are WebAssembly (src/kernel). What is left of JavaScript is not worth the best compiler unless it runs for
// each line: measured in a catch-up, 2 to 3% less CPU time. (Without Maglev, 30% more.)
if (hasMaglev) setFlagsFromString('--invocation-count-for-turbofan=100000');
// The parser of HTTP answers is WebAssembly: optimizing its one giant function takes 28 MB for a moment, of which 10 MB
// stay with the process, for a few microseconds per request.
setFlagsFromString('--no-wasm-dynamic-tiering');
setFlagsFromString('--no-wasm-tier-up');

const { createRequire } = process.getBuiltinModule('node:module');
const { main } = createRequire(import.meta.url)('../dist/cli/main.cjs');
process.exitCode = await main(argv);
