/** The end of a process whose state directory was deleted, and then taken by another one. */
import type { StateDirLockedError } from '../errors.ts';

/** Whatever we write now would be written over the state of the other one: there is no orderly way to stop. */
export function giveWay({ message }: StateDirLockedError): never {
  process.stderr.write(`the state directory was deleted, and another process has it now: ${message}\n`);
  process.exit(1);
}
