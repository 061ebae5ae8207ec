/** Buffers of events that were used before and will be again: a chunk's worth each, so worth keeping, but few. */
import { taken, type KernelMemory } from '../kernel/memory.ts';
import { BUFFER_BYTES, EventBuffer } from './event-buffer.ts';

/** Chunks that are filled, written and shipped at once, in most cases. Events of more are copied once more. */
const MOST_OF_KERNEL = 12;
/**
 * Others that are kept. Not fewer: once a large piece of memory is freed, glibc keeps more of what is freed afterwards
 * (measured: 10 MB).
 */
const MOST_OTHERS = 8;

/** What they take in the kernel's memory. */
export const spareBytes = MOST_OF_KERNEL * taken(BUFFER_BYTES);

export class SpareBuffers {
  readonly #memory: KernelMemory;
  readonly #ofKernel: EventBuffer[] = [];
  readonly #others: EventBuffer[] = [];
  #made = 0;

  /** @param memory may have room for `spareBytes` */
  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  /** An empty one. */
  take(): EventBuffer {
    return this.#ofKernel.pop() ?? this.#newOfKernel() ?? this.#others.pop() ?? new EventBuffer();
  }

  /** Nobody looks at its events any more. */
  giveBack(buffer: EventBuffer): void {
    buffer.clear();
    if (buffer.addressesIn(this.#memory) !== undefined) this.#ofKernel.push(buffer);
    else if (this.#others.length < MOST_OTHERS) this.#others.push(buffer);
  }

  #newOfKernel(): EventBuffer | undefined {
    if (this.#made === MOST_OF_KERNEL) return undefined;
    this.#made++;
    const { buffer, address } = this.#memory.block(BUFFER_BYTES);
    return address === 0 ? undefined : new EventBuffer(buffer);
  }
}
