// The words of a mixed chunk, one bit per page, and behind them a summary: one bit per word, set where that word has any.
// So a chunk with a few runs is read without a look at each word between them.
import type { PageRange } from './section.ts';
import { ALL_ONES, fillBits, flipBits, lowestBit, maskOf, popcount, setBits, word } from './words.ts';

export const CHUNK_PAGES = 32_768;
export const CHUNK_WORDS = CHUNK_PAGES / 32;
const SUMMARY_WORDS = CHUNK_WORDS / 32;
/** Bytes that a mixed chunk takes as words. */
export const CHUNK_BYTES = 4 * (CHUNK_WORDS + SUMMARY_WORDS);

/** Words of a chunk whose pages are all populated, or none; `reused`, where there are words that nobody needs any more. */
export function uniformChunk(populated: boolean, reused: Uint32Array | null): Uint32Array {
  const words = reused ?? new Uint32Array(CHUNK_WORDS + SUMMARY_WORDS);
  // Fresh ones are all 0.
  return reused === null && !populated ? words : words.fill(populated ? ALL_ONES : 0);
}

/** A copy of `bits`, without a summary, as words of a chunk. */
export function chunkOf(bits: Uint32Array): Uint32Array {
  const words = uniformChunk(false, null);
  words.set(bits);
  for (let index = 0; index < CHUNK_WORDS; index++) if (word(words, index) !== 0) summarize(words, index, index + 1);
  return words;
}

/** The words of a chunk without their summary; not a copy. */
export function bitsOf(words: Uint32Array): Uint32Array {
  return words.subarray(0, CHUNK_WORDS);
}

/** Populates pages [from, to), of which there is at least one. */
export function setPages(words: Uint32Array, from: number, to: number): void {
  setBits(words, from, to);
  summarize(words, from >>> 5, ((to - 1) >>> 5) + 1);
}

/** Populates pages [from, to), or discards them. @returns how many that changed */
export function fillPages(words: Uint32Array, from: number, to: number, populated: boolean): number {
  const changed = fillBits(words, from, to, populated);
  summarizeChange(words, from, to, populated);
  return changed;
}

/** The same where all of them change, and need not be counted. */
export function turnPages(words: Uint32Array, from: number, to: number, populated: boolean): number {
  flipBits(words, from, to);
  summarizeChange(words, from, to, populated);
  return to - from;
}

/** Whether all pages [from, to), of which there is at least one, are populated, or none is. */
export function isUniform(words: Uint32Array, from: number, to: number, populated: boolean): boolean {
  const [first, last] = [from >>> 5, (to - 1) >>> 5];
  const uniform = populated ? ALL_ONES : 0;
  if (((word(words, first) ^ uniform) & maskOf(first, from, to)) !== 0) return false;
  if (((word(words, last) ^ uniform) & maskOf(last, from, to)) !== 0) return false;
  return skipWords(words, first + 1, last - 1, uniform) >= last;
}

/** The first word from `index` to `last` that is not `uniform`, which is 0 or all ones; behind `last` where there is none. */
export function skipWords(words: Uint32Array, index: number, last: number, uniform: number): number {
  let at = index;
  // Each against a constant: nothing is converted to be compared.
  if (uniform !== 0) while (at <= last && words[at] === 0xffff_ffff) at++;
  else while (at <= last && words[at] === 0) at = nextSummarized(words, at + 1);
  return at;
}

/**
 * The runs of pages [from, to), where page 0 is `base`, that end there, to `found`; at most `count` pages are in runs.
 * @param populated whether runs are of populated pages, or of others
 * @param start of the run that is not over yet; -1 where there is none @returns the same at the end of the part
 */
export function listInChunk(
  { words, base, from, to }: PartOfChunk,
  populated: boolean,
  start: number,
  count: number,
  found: PageRange[],
): number {
  const flip = populated ? 0 : ALL_ONES;
  const last = (to - 1) >>> 5;
  let begun = start;
  let left = count;
  // Most words are all of what has begun, or of what has not; and behind the last of what is looked for there is nothing.
  for (let index = from >>> 5; begun >= 0 || left > 0; index++) {
    index = skipWords(words, index, last, begun < 0 ? flip : ~flip);
    if (index > last) break;
    const wanted = word(words, index) ^ flip;
    const mask = maskOf(index, from, to);
    // From one page at which something begins or ends to the next.
    let ends = (begun < 0 ? wanted : ~wanted) & mask;
    while (ends !== 0) {
      const bit = lowestBit(ends);
      const at = base + index * 32 + bit;
      if (begun < 0) begun = at;
      else {
        found.push({ start: begun, end: at });
        left -= at - Math.max(begun, base);
        begun = -1;
      }
      ends = (begun < 0 ? wanted : ~wanted) & mask & (ALL_ONES << bit);
    }
  }
  return begun;
}

/** Pages [from, to) of a chunk, where bit 0 is page `base`. */
export interface PartOfChunk {
  readonly words: Uint32Array;
  readonly base: number;
  readonly from: number;
  readonly to: number;
}

/** Notes which of the words that have pages [from, to) have any bits, now that those are populated, or discarded. */
function summarizeChange(words: Uint32Array, from: number, to: number, populated: boolean): void {
  const [first, last] = [from >>> 5, (to - 1) >>> 5];
  if (populated) summarize(words, first, last + 1);
  else {
    for (let index = first; index <= last; index++) {
      if (word(words, index) === 0) words[CHUNK_WORDS + (index >>> 5)] = summaryOf(words, index) & ~(1 << (index & 31));
    }
  }
}

/** Notes that words [from, to), of which there is at least one, have bits. */
function summarize(words: Uint32Array, from: number, to: number): void {
  setBits(words, CHUNK_PAGES + from, CHUNK_PAGES + to);
}

/** The word of the summary that has the bit of word `index`. */
function summaryOf(words: Uint32Array, index: number): number {
  return word(words, CHUNK_WORDS + (index >>> 5));
}

/** The first word from `index` on that has any bits; behind all of them where there is none. */
function nextSummarized(words: Uint32Array, index: number): number {
  let at = index;
  while (at < CHUNK_WORDS) {
    const bits = summaryOf(words, at) & (ALL_ONES << (at & 31));
    if (bits !== 0) return (at & ~31) + lowestBit(bits);
    at = (at | 31) + 1;
  }
  return at;
}

/**
 * Returns how many aligned pieces of pages hold a populated page of [from, to).
 * @param pagesPerPiece a power of two, at least 2 and less than a chunk
 */
export function countPiecesIn(words: Uint32Array, from: number, to: number, pagesPerPiece: number): number {
  return pagesPerPiece < 32
    ? countPiecesOfBits(words, from, to, pagesPerPiece)
    : countPiecesOfWords(words, from, to, pagesPerPiece / 32);
}

function countPiecesOfBits(words: Uint32Array, from: number, to: number, pagesPerPiece: number): number {
  /** The first page of each piece. */
  let heads = 1;
  for (let width = pagesPerPiece; width < 32; width *= 2) heads |= heads << width;
  let pieces = 0;
  for (let index = from >>> 5; index <= (to - 1) >>> 5; index++) {
    let bits = word(words, index) & maskOf(index, from, to);
    if (bits === 0) continue;
    // The first page of a piece stands for all of them then.
    for (let width = 1; width < pagesPerPiece; width *= 2) bits |= bits >>> width;
    pieces += popcount(bits & heads);
  }
  return pieces;
}

function countPiecesOfWords(words: Uint32Array, from: number, to: number, wordsPerPiece: number): number {
  const last = (to - 1) >>> 5;
  let pieces = 0;
  for (let index = from >>> 5; index <= last; index++) {
    index = skipWords(words, index, last, 0);
    if (index > last || (word(words, index) & maskOf(index, from, to)) === 0) continue;
    pieces++;
    // Nothing else of this piece is looked at: on to its last word.
    index |= wordsPerPiece - 1;
  }
  return pieces;
}
