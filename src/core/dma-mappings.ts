// How many DMA mappings a listener needs: VFIO can only unmap what it mapped as a whole, so it maps in pieces aligned to
// its granularity. Counted here as the aligned pieces that populated runs touch.
import type { PageBitmap } from './page-bitmap.ts';
import { type PageRange, toPageRange } from './section.ts';

/**
 * The pieces that ascending `runs` touch, but those that `isHeld` already.
 * @param pageSize bytes @param granularity bytes, a power of two
 */
export function countMappings(
  runs: Iterable<PageRange>,
  pageSize: number,
  granularity: number,
  isHeld: (piece: number) => boolean = () => false,
): number {
  let mappings = 0;
  let counted = -1;
  for (const run of runs) {
    const first = Math.max(Math.floor((run.start * pageSize) / granularity), counted + 1);
    const last = Math.ceil((run.end * pageSize) / granularity) - 1;
    if (last < first) continue;
    mappings += last - first + 1;
    counted = last;
    // Only a piece that reaches beyond an end of the run can hold pages that are not of the run.
    if (granularity <= pageSize) continue;
    if (isHeld(first)) mappings--;
    if (last > first && isHeld(last)) mappings--;
  }
  return mappings;
}

/**
 * Returns the mappings that the populated pages of `range` need, as {@link countMappings} of their runs would, without a
 * look at each run.
 * @param pageSize bytes @param granularity bytes, a power of two
 */
export function countMappingsIn(
  populated: PageBitmap,
  range: PageRange,
  pageSize: number,
  granularity: number,
): number {
  if (granularity <= pageSize) return populated.count(range) * (pageSize / granularity);
  return populated.countPieces(range, granularity / pageSize);
}

/**
 * The pieces that `runs` touch and that hold no page which is populated in `window`: what a populate of the runs adds
 * (asked before it), or what a discard of them frees (asked after it).
 */
export function countNewMappings(
  populated: Pick<PageBitmap, 'next'>,
  window: PageRange,
  runs: Iterable<PageRange>,
  pageSize: number,
  granularity: number,
): number {
  return countMappings(runs, pageSize, granularity, (piece) => {
    const pages = toPageRange({ offset: piece * granularity, size: granularity }, pageSize);
    const end = Math.min(pages.end, window.end);
    return populated.next({ start: Math.max(pages.start, window.start), end }, true) < end;
  });
}
