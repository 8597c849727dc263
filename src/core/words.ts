// Bits in words of 32: what the page bitmap is made of.

export const ALL_ONES = 0xffff_ffff;

/** Calls `visit` for each word of bits [from, to) with the mask of those bits. */
export function eachWord(from: number, to: number, visit: (index: number, mask: number) => void): void {
  const last = (to - 1) >>> 5;
  for (let index = from >>> 5; index <= last; index++) {
    let mask = ALL_ONES;
    if (index === from >>> 5) mask &= ALL_ONES << (from & 31);
    if (index === last) mask &= ALL_ONES >>> (31 - ((to - 1) & 31));
    visit(index, mask);
  }
}

/** `words[index]` for an index that is in bounds, as the type checker cannot know. */
export function word(words: Uint32Array, index: number): number {
  return words[index] ?? 0;
}

/** How many bits are set. */
export function popcount(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x5555_5555);
  n = (n & 0x3333_3333) + ((n >>> 2) & 0x3333_3333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
