// Ranges in their two units. A Section is a byte range of a RAM block, as QEMU's MemoryRegionSection is; a PageRange is
// the same thing in pages, as the bitmaps count. The field names differ so that the compiler tells them apart.

import { Problem } from '../errors.ts';
import { MAX_BYTES } from '../limits.ts';

/** `offset` and `size` in bytes, within one RAM block. */
export interface Section {
  readonly offset: number;
  readonly size: number;
}

/** Pages `start` to `end - 1` of one RAM block. */
export interface PageRange {
  readonly start: number;
  readonly end: number;
}

export function toSection(range: PageRange, pageSize: number): Section {
  return { offset: range.start * pageSize, size: (range.end - range.start) * pageSize };
}

/** The pages that `section` touches; one that it touches only in part counts whole. */
export function toPageRange(section: Section, pageSize: number): PageRange {
  return { start: Math.floor(section.offset / pageSize), end: Math.ceil((section.offset + section.size) / pageSize) };
}

/** The part of `range` that lies in `window`; null where they share nothing. */
export function cut(range: PageRange, window: PageRange): PageRange | null {
  const start = Math.max(range.start, window.start);
  const end = Math.min(range.end, window.end);
  return start < end ? { start, end } : null;
}

/** `runs` (ascending, disjoint) cut to `window`; the very same where all of them lie in it. */
export function cutAll(runs: readonly PageRange[], window: PageRange): readonly PageRange[] {
  const [first] = runs;
  if (first === undefined || (first.start >= window.start && (runs.at(-1) ?? first).end <= window.end)) return runs;
  const inside: PageRange[] = [];
  for (const run of runs) {
    if (run.start >= window.end) break;
    const part = cut(run, window);
    if (part !== null) inside.push(part);
  }
  return inside;
}

/** The pages of `runs`, which may come in any order and overlap, as maximal runs, ascending. */
export function mergeRuns(runs: readonly PageRange[]): PageRange[] {
  const merged: PageRange[] = [];
  for (const run of runs.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || last.end < run.start) merged.push(run);
    else if (last.end < run.end) merged[merged.length - 1] = { start: last.start, end: run.end };
  }
  return merged;
}

/** How many pages `runs` have together. */
export function countPages(runs: readonly PageRange[]): number {
  let pages = 0;
  for (const { start, end } of runs) pages += end - start;
  return pages;
}

export function isPowerOfTwo(bytes: number): boolean {
  return bytes >= 1 && 2 ** Math.round(Math.log2(bytes)) === bytes;
}

/**
 * The range check of QEMU's `ram_block_attributes_is_valid_range`: not empty, within `length`, both ends on the
 * alignment; an end at `length` counts as aligned, for a last granule may be cut short there.
 *
 * @param length bytes of the block in use; @param alignment bytes, a power of two
 * @throws Problem `invalid-range`
 */
export function checkSection(section: Section, length: number, alignment: number): void {
  const { offset, size } = section;
  const end = offset + size;
  if (size === 0) throw new Problem('invalid-range', 'size is 0; a range has at least one byte');
  checkBytes('offset + size', end);
  if (end > length) {
    throw new Problem('invalid-range', `offset ${offset} + size ${size} is ${end}, beyond the used length ${length}`);
  }
  if (!Number.isInteger(offset / alignment)) {
    throw new Problem('invalid-range', `offset ${offset} is not a multiple of ${alignment}`);
  }
  if (!Number.isInteger(end / alignment) && end !== length) {
    throw new Problem('invalid-range', `size ${size} is not a multiple of ${alignment}`);
  }
}

/** @throws Problem `invalid-range` when `bytes` is beyond 2^53-1 */
export function checkBytes(name: string, bytes: number): void {
  if (bytes > MAX_BYTES) throw new Problem('invalid-range', `${name} is beyond ${MAX_BYTES} (2^53-1)`);
}

/** @throws Problem `invalid-range` unless `bytes` is a power of two and at least `least` */
export function checkPowerOfTwo(name: string, bytes: number, least: number): void {
  if (bytes < least || !isPowerOfTwo(bytes)) {
    throw new Problem('invalid-range', `${name} is ${bytes}; it must be a power of two and at least ${least}`);
  }
}
