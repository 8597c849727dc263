// Bits in words of 32: what the page bitmap is made of.

/** As bit operations give it: no other number for these bits is as quick to compare. */
export const ALL_ONES = -1;

/** Calls `visit` for each word of bits [from, to) with the mask of those bits. */
export function eachWord(from: number, to: number, visit: (index: number, mask: number) => void): void {
  for (let index = from >>> 5; index <= (to - 1) >>> 5; index++) visit(index, maskOf(index, from, to));
}

/** The bits of word `index` that lie in [from, to). */
export function maskOf(index: number, from: number, to: number): number {
  let mask = ALL_ONES;
  if (index === from >>> 5) mask &= ALL_ONES << (from & 31);
  if (index === (to - 1) >>> 5) mask &= ALL_ONES >>> (31 - ((to - 1) & 31));
  return mask;
}

export function isSet(words: Uint32Array, bit: number): boolean {
  return ((word(words, bit >>> 5) >>> (bit & 31)) & 1) === 1;
}

/** How many bits of [from, to) are set. */
export function countBits(words: Uint32Array, from: number, to: number): number {
  let bits = 0;
  for (let index = from >>> 5; index <= (to - 1) >>> 5; index++) {
    bits += popcount(word(words, index) & maskOf(index, from, to));
  }
  return bits;
}

/** How many bits of [from, to) are set while the one before them is not; `before` is the one before all words. */
export function countStarts(words: Uint32Array, from: number, to: number, before: boolean): number {
  let starts = 0;
  let carried = from >= 32 ? word(words, (from >>> 5) - 1) >>> 31 : before ? 1 : 0;
  for (let index = from >>> 5; index <= (to - 1) >>> 5; index++) {
    const bits = word(words, index);
    starts += popcount(bits & ~((bits << 1) | carried) & maskOf(index, from, to));
    carried = bits >>> 31;
  }
  return starts;
}

/** Sets the bits of [from, to), or clears them. @returns how many that changed */
export function fillBits(words: Uint32Array, from: number, to: number, set: boolean): number {
  let changed = 0;
  for (let index = from >>> 5; index <= (to - 1) >>> 5; index++) {
    const mask = maskOf(index, from, to);
    const old = word(words, index);
    const now = set ? old | mask : old & ~mask;
    changed += popcount(old ^ now);
    words[index] = now;
  }
  return changed;
}

/** Sets the bits of [from, to), of which there is at least one, where none of them is set, or clears them where all are. */
export function flipBits(words: Uint32Array, from: number, to: number): void {
  const [first, last] = [from >>> 5, (to - 1) >>> 5];
  words[first] = word(words, first) ^ maskOf(first, from, to);
  if (first === last) return;
  for (let index = first + 1; index < last; index++) words[index] = ~word(words, index);
  words[last] = word(words, last) ^ maskOf(last, from, to);
}

/** Sets the bits of [from, to), of which there is at least one. */
export function setBits(words: Uint32Array, from: number, to: number): void {
  const [first, last] = [from >>> 5, (to - 1) >>> 5];
  words[first] = word(words, first) | maskOf(first, from, to);
  if (first === last) return;
  words.fill(ALL_ONES, first + 1, last);
  words[last] = word(words, last) | maskOf(last, from, to);
}

/** The place of the lowest bit that is set; of bits that are not all 0. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
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
