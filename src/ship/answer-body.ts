/**
 * What is kept of an answer's body: of a success that stands as it is, only whether it is Lago's (and how it begins); of
 * everything else the beginning, up to a bound. What is longer than any answer of Lago is not read to its end.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Batch } from './batch.ts';
import { MOST_REFUSAL_BYTES, mostSuccessBytes } from './deadline.ts';
import { EchoCheck } from './echo-check.ts';
import { encodingsOf, unpack } from './unpack.ts';

/** Of a success that is not Lago's, to show it. */
const SHOWN_BYTES = 4096;

/** What is answered. */
export interface Sent {
  readonly batch: Batch;
  /** Of the request's body. */
  readonly bytes: number;
  /** Whether a success is compared with the batch. */
  readonly strict: boolean;
}

export interface Body {
  readonly text: string;
  /** It can be understood: it came to its end, and could be unpacked. */
  readonly isWhole: boolean;
  /** It is a success, and repeats every event that was sent. */
  readonly confirmed: boolean;
}

export class AnswerBody {
  readonly #batch: Batch;
  readonly #isSuccess: boolean;
  readonly #checks: boolean;
  readonly #encodings: readonly string[];
  readonly #most: number;
  readonly #check: EchoCheck | undefined;
  readonly #pieces: Buffer[] = [];
  #kept = 0;
  #bytes = 0;

  constructor(status: number, headers: IncomingHttpHeaders, { batch, bytes, strict }: Sent) {
    this.#batch = batch;
    this.#isSuccess = status >= 200 && status < 300;
    this.#encodings = encodingsOf(headers['content-encoding']);
    this.#most = this.#isSuccess ? mostSuccessBytes(bytes, batch.events.length) : MOST_REFUSAL_BYTES;
    this.#checks = this.#isSuccess && strict;
    this.#check = this.#checks && this.#encodings.length === 0 ? new EchoCheck(batch) : undefined;
  }

  /** @returns whether more of it is wanted */
  take(piece: Buffer): boolean {
    this.#bytes += piece.length;
    this.#check?.take(piece);
    const most = this.#isSuccess && this.#encodings.length === 0 ? SHOWN_BYTES : this.#most;
    if (this.#kept < most) {
      const part = piece.subarray(0, most - this.#kept);
      // A success ends with its first piece as a rule; others must not hold on to the socket's buffers.
      this.#pieces.push(this.#check === undefined ? Buffer.from(part) : part);
      this.#kept += part.length;
    }
    return this.#bytes <= this.#most;
  }

  /** @param ended whether it came to its end */
  read(ended: boolean): Body {
    const isWhole = ended && this.#bytes <= this.#most;
    const check = this.#check;
    if (check !== undefined) {
      const confirmed = isWhole && check.isConfirmed;
      return { text: confirmed ? '' : this.#text(this.#pieces), isWhole, confirmed };
    }
    if (this.#encodings.length === 0) return { text: this.#text(this.#pieces), isWhole, confirmed: false };
    const body = isWhole ? unpack(Buffer.concat(this.#pieces), this.#encodings, this.#most) : undefined;
    if (body === undefined) {
      return { text: `(${this.#encodings.join(', ')}, cannot be read)`, isWhole: false, confirmed: false };
    }
    if (!this.#checks) return { text: body.toString(), isWhole, confirmed: false };
    const unpacked = new EchoCheck(this.#batch);
    unpacked.take(body);
    const { isConfirmed: confirmed } = unpacked;
    return { text: confirmed ? '' : body.toString('utf8', 0, SHOWN_BYTES), isWhole, confirmed };
  }

  #text(pieces: readonly Buffer[]): string {
    return pieces.length === 1 ? pieces[0]!.toString() : Buffer.concat(pieces).toString();
  }
}
