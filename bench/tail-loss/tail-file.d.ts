/** The part of `tail-file` (which has no types of its own) that is compared. */
declare module 'tail-file' {
  import type { EventEmitter } from 'node:events';

  export default class TailFile extends EventEmitter<{ line: [line: string]; error: [error: Error] }> {
    constructor(file: string, options: { startPos: 'start'; force: boolean });
    startP(): Promise<unknown>;
  }
}
