// What turns when pages become what a bitmap of bytes says: word by word over both, so that it costs the length of the bytes
// and not their runs.
import { CHUNK_PAGES, CHUNK_WORDS } from './chunk-words.ts';
import type { PageBitmap } from './page-bitmap.ts';
import type { PageRange } from './section.ts';
import { ALL_ONES, lowestBit, word } from './words.ts';

export interface Differences {
  /** The pages that turn, as maximal runs, ascending. */
  readonly discard: readonly PageRange[];
  readonly populate: readonly PageRange[];
}

interface MutableRange {
  start: number;
  end: number;
}

/**
 * Finds the pages that differ between `now`, from page `at` on, and `bytes` (bit i of byte j is page 8j+i), which stand for
 * `pages` pages and have no bit beyond. Yields after each chunk: `now` must not change meanwhile.
 * @param most once there are more runs than so many of one kind, the rest may be left out
 */
export function* differences(
  now: PageBitmap,
  at: number,
  bytes: Uint8Array,
  pages: number,
  most: number,
): Generator<void, Differences> {
  const discard: MutableRange[] = [];
  const populate: MutableRange[] = [];
  const wanted = new Uint32Array(CHUNK_WORDS);
  const wantedBytes = new Uint8Array(wanted.buffer);
  for (let first = 0; first < pages; first += CHUNK_PAGES) {
    const piece = bytes.subarray(first / 8, (first + CHUNK_PAGES) / 8);
    wantedBytes.set(piece);
    wantedBytes.fill(0, piece.length);
    const current = now.words(at + first, CHUNK_WORDS, at + pages);
    for (let index = 0; index < CHUNK_WORDS; index++) {
      const turning = word(wanted, index) ^ word(current, index);
      if (turning === 0) continue;
      const page = at + first + index * 32;
      addRuns(discard, page, turning & word(current, index));
      addRuns(populate, page, turning & word(wanted, index));
    }
    if (discard.length > most || populate.length > most) break;
    yield;
  }
  return { discard, populate };
}

/** Adds the pages from `page` on that have their bit in `bits` to `runs`. */
function addRuns(runs: MutableRange[], page: number, bits: number): void {
  let left = bits;
  while (left !== 0) {
    const from = lowestBit(left);
    const others = ~(left >>> from);
    const to = others === 0 ? 32 : from + lowestBit(others);
    const last = runs.at(-1);
    if (last?.end === page + from) last.end = page + to;
    else runs.push({ start: page + from, end: page + to });
    left = to === 32 ? 0 : left & (ALL_ONES << to);
  }
}
