// Random numbers that can be had again: what a simulator did with a seed, it does with that seed once more.

/** A generator of numbers in [0, 1) with 53 random bits (mulberry32, two draws each). @param seed 32 bits are used */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  const draw = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return () => ((draw() >>> 5) * 2 ** 26 + (draw() >>> 6)) / 2 ** 53;
}
