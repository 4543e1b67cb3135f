/**
 * Randomness that can be had again: the same seed gives the same run of numbers. Things that go on side by side each
 * get a run of their own (`fork`), else their chance meetings would decide who gets which number.
 */
export interface SeededRandom {
  seed: number;
  fork(which: number): SeededRandom;
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A number from `from` up to, not including, `to`. */
  between(from: number, to: number): number;
  /** True in this share of the cases. */
  chance(share: number): boolean;
  shuffle<T>(list: readonly T[]): T[];
}

/** The seed is FAULT_SEED where it is given, else a new one; whoever uses it prints it. */
export function seededRandom(): SeededRandom {
  const given = process.env['FAULT_SEED'];
  const seed = given ? Number(given) : Math.floor(Math.random() * 2 ** 31);
  if (!Number.isInteger(seed)) throw new Error('FAULT_SEED is not a whole number');
  return randomFrom(seed);
}

function randomFrom(seed: number): SeededRandom {
  let state = seed >>> 0;
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    seed,
    fork: (which) => randomFrom(Math.imul(seed ^ (which + 1), 0x9e3779b1)),
    next,
    between: (from, to) => from + next() * (to - from),
    chance: (share) => next() < share,
    shuffle: (list) =>
      list
        .map((item) => ({ item, place: next() }))
        .sort((a, b) => a.place - b.place)
        .map(({ item }) => item),
  };
}
