/**
 * The kernel: the hot loops of the daemon, which look at every byte of every line, in WebAssembly, sixteen bytes at a
 * time. They are written in AssemblyScript (`assembly/`, a TypeScript for WebAssembly), work on a memory of their own
 * (`memory.ts`), and know nothing but addresses in it.
 */
import { setFlagsFromString } from 'node:v8';
import { CODE } from './code.ts';

/** An address in the kernel's memory; 0 is none. */
export type Address = number;

export interface Kernel {
  /** The next newline at or behind `from`; there must be one. */
  newline(from: Address): Address;
  /** Reads the line at `start` into a table of slots; gives the position of its newline, or 0 when it takes more. */
  scan(table: Address, root: Address, start: Address): Address;
  /** The same for a line that has the texts of a skeleton. */
  fit(table: Address, skeleton: Address, start: Address): Address;
  /** Positions behind white space, at the end of a string, behind a value (of whose parts nothing is noted). */
  space(from: Address): Address;
  string(from: Address): Address;
  value(from: Address, node: Address, depth: number): Address;
  /** Fills the holes of an event from the given one on: its bytes, or −1 − i for hole i, which takes more. */
  fill(event: Address, first: number): number;
  /** When it happened, Unix milliseconds, and fills the hole of the time; negative when it takes more. */
  time(record: Address): number;
  /** Maps lines in [first, end) as long as they have the skeleton of a job, and gives where the first other one begins. */
  run(job: Address, first: Address, end: Address): Address;
  /** Of these events: how many have a space at an end of their subscription, and the first of them. */
  padded(): number;
  firstPadded(): number;
  /** Remembers the ids of events in a table; gives how many repeat one, and their indices in `scratch`. */
  repeats(
    table: Address,
    body: Address,
    starts: Address,
    lines: Address,
    count: number,
    log: number,
    path: number,
    hashes: Address,
    scratch: Address,
  ): number;
  /** Writes an event that is filled. */
  write(event: Address, to: Address): void;
}

/** Bytes behind those that are looked at, or written, that must be there, whatever they are. */
export const SLACK = 16;

let compiled: WebAssembly.Module | undefined;

export function instantiate(memory: WebAssembly.Memory): Kernel {
  compiled ??= compile();
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return exports as unknown as Kernel;
}

/** Optimized at once: it is small, and everything waits for it. */
function compile(): WebAssembly.Module {
  setFlagsFromString('--no-liftoff');
  setFlagsFromString('--no-wasm-lazy-compilation');
  try {
    return new WebAssembly.Module(Buffer.from(CODE, 'base64'));
  } finally {
    setFlagsFromString('--wasm-lazy-compilation');
    setFlagsFromString('--liftoff');
  }
}
