/** Randomness that can be had again: the same seed gives the same numbers. */

/** Uniform in [0, 1). The generator is mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `TAILMETER_SEED`, else another one each time; printed, so that a failure can be repeated. */
export function seedFromEnvironment(what: string): number {
  const seed = Number(process.env['TAILMETER_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
  console.info(`${what}: TAILMETER_SEED=${seed}`);
  return seed;
}
