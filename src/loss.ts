/** The vocabulary of what was written and will not be delivered: who finds out tells it, the books keep it. */
import type { Generation } from './types.ts';

/** A part of a log that could not be read, and as far as is known never will be. */
export interface LineLoss {
  readonly source: string;
  readonly generation: Generation;
  /** Bytes [from, to) of the uncompressed generation; `to` is absent when nobody knows how much there was. */
  readonly from: number;
  readonly to?: number;
  /** One sentence for a person, without a full stop: why it could not be read. */
  readonly reason: string;
  /** Nothing more will be read from the generation: it ends at `from`. False: reading goes on behind the loss. */
  readonly isEnd: boolean;
}

/** A loss as it stands in the books. */
export interface Loss {
  /** Eight hex digits: to be acknowledged by. Stays the same when a part of the loss is read after all. */
  readonly id: string;
  /** `lines`: bytes of a log that nobody has read. `events`: what lines gave, and what went with its chunk. */
  readonly kind: 'lines' | 'events';
  /** Of lines. */
  readonly source?: string;
  /** Of events. */
  readonly destination?: string;
  /** Where the log was last seen; absent when that is not known. */
  readonly path?: string;
  readonly fingerprint?: string;
  /** Its key in the books (`generation-key.ts`). */
  readonly generation?: string;
  /** Bytes [from, to) of the log; absent when not known. */
  readonly from?: number;
  readonly to?: number;
  /** How many there were; of lines that is not known. */
  readonly events?: number;
  readonly reason: string;
  /** RFC 3339: when it was found out. */
  readonly time: string;
  /** So many earlier losses are counted in this one, and not kept singly. */
  readonly earlier?: number;
}
