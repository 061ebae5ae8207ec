/** The line that is being mapped. One object per mapper, moved from line to line. */
import type { Fields } from '../parse/fields.ts';
import type { LinePlace } from '../types.ts';
import type { IdSalt } from './id-salt.ts';
import { logId } from './log-id.ts';

export class MappedLine {
  fields: Fields = {};
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #place: LinePlace | undefined;
  #id = '';
  readonly #salt: IdSalt | undefined;

  constructor(salt?: IdSalt) {
    this.#salt = salt;
  }

  moveTo(fields: Fields, bytes: Buffer, start: number, end: number, place: LinePlace): void {
    this.fields = fields;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#place = place;
    this.#id = '';
  }

  /** `${log_id}`, computed when it is first asked for. */
  get id(): string {
    if (this.#id === '' && this.#place !== undefined) {
      this.#id = logId(this.#bytes, this.#start, this.#end, this.#place, this.#salt);
    }
    return this.#id;
  }
}
