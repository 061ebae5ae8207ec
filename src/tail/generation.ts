/**
 * The life of a generation, as one state machine. Everything else asks it where a generation stands.
 *
 *            first line complete                        path names another file, or none
 *   fresh ───────────────────────▶ live ──────────────────────────────▶ rotated
 *     │                             │ ◀──────────────────────────────────  │ ▲
 *     │ first line complete         │        renamed back                  │ │ found again, with
 *     ├─────────────────────────────┼────────────────────────────────────▶ │ │ bytes not read yet
 *     │ gone, and always empty      │ truncated                            ▼ │
 *     └─────────────────────────────┴──────────────────────────▶ ended ◀── all read, quiet for rotate_wait
 *
 * - `fresh`: open, no fingerprint yet; nothing was delivered.
 * - `live`: its path names it, more lines are expected.
 * - `rotated`: read to its end for as long as late writers may still have it open.
 * - `ended`: its descriptor is closed. A reader never leaves this state: what is found again gets a new one.
 */
import assert from 'node:assert';

export type GenerationState = 'fresh' | 'live' | 'rotated' | 'ended';

const NEXT: Readonly<Record<GenerationState, readonly GenerationState[]>> = {
  fresh: ['live', 'rotated', 'ended'],
  live: ['rotated', 'ended'],
  rotated: ['live', 'ended'],
  ended: [],
};

export class GenerationLife {
  #state: GenerationState = 'fresh';

  get state(): GenerationState {
    return this.#state;
  }

  /** Does nothing when it is there already. Another way than those of the picture is a bug of ours. */
  become(state: GenerationState): void {
    if (state === this.#state) return;
    assert(NEXT[this.#state].includes(state), `a generation that is ${this.#state} cannot become ${state}`);
    this.#state = state;
  }
}
