// Queries of a block's state. Reads never wait: during a callback they show the state before the change.
import type { PageBitmap } from '../core/page-bitmap.ts';
import type { RamBlock } from '../core/ram-block.ts';
import { checkSection, type Section, toPageRange, toSection } from '../core/section.ts';
import { Problem } from '../errors.ts';
import type { BitmapReading, FrozenBitmaps } from './frozen-bitmaps.ts';
import { pageState } from './views.ts';

/** Bytes of the largest bitmap that is given or taken at once. */
export const MAX_BITMAP = 64 * 2 ** 20;

/** The part of a block that a query is about. */
export interface QueriedPart {
  /** Bytes; the start of the block where left out. */
  readonly offset?: number | undefined;
  /** Bytes; to the end of the block where left out. */
  readonly size?: number | undefined;
  /** The name of one source; all of them together where left out. */
  readonly source?: string | undefined;
}

/** Whether a range is populated, and what RamBlockAttributes says of it. @throws Problem `invalid-range`, `not-found` */
export function rangeState(block: RamBlock, part: QueriedPart) {
  const window = windowOf(block, part, 1);
  const range = toPageRange(window, block.pageSize);
  const populated = bitmapOf(block, part.source).count(range);
  return {
    ...window,
    populated: populated === range.end - range.start,
    populatedBytes: populated * block.pageSize,
    state: block.attributes === undefined ? null : pageState(block.attributes.stateOf(range)),
    generation: block.generation,
  };
}

/**
 * Maximal runs of populated (or discarded) pages cut to the window, ascending: the first `limit` of them that begin at or
 * behind `from` (a byte offset). @throws Problem `invalid-range`, `not-found`
 */
export function sections(
  block: RamBlock,
  part: QueriedPart,
  populated: boolean,
  from: number | null,
  limit: number,
): Section[] {
  const window = windowOf(block, part, 1);
  const range = toPageRange(window, block.pageSize);
  const start = Math.max(range.start, Math.floor((from ?? 0) / block.pageSize));
  const found: Section[] = [];
  for (const run of bitmapOf(block, part.source).runs({ start, end: range.end }, populated)) {
    found.push(cutBytes(toSection(run, block.pageSize), window));
    if (found.length >= limit) break;
  }
  return found;
}

/**
 * How many pages of each cell of a window are populated; all cells have the same number of pages, but for the last.
 * @param cells at most @throws Problem `invalid-range`, `not-found`
 */
export function density(block: RamBlock, part: QueriedPart, cells: number) {
  const { start, end } = toPageRange(windowOf(block, part, 1), block.pageSize);
  const pagesPerCell = Math.ceil((end - start) / cells);
  const populated = bitmapOf(block, part.source);
  const counts = Array.from({ length: Math.ceil((end - start) / pagesPerCell) }, (_, index) => {
    const from = start + index * pagesPerCell;
    return populated.count({ start: from, end: Math.min(from + pagesPerCell, end) });
  });
  return { cells: counts, pagesPerCell, generation: block.generation };
}

/**
 * The bitmap of a window, bit i of byte j = page 8j+i, as it is now: what changes while it is sent does not show.
 * @returns its length in bytes, and its pieces to be read
 * @throws Problem `invalid-range`, `not-found`, `payload-too-large`, `overloaded`
 */
export function bitmap(
  block: RamBlock,
  part: QueriedPart,
  frozen: FrozenBitmaps,
): { readonly bytes: number; readonly reading: BitmapReading } {
  const range = toPageRange(windowOf(block, part, block.pageSize), block.pageSize);
  const bytes = Math.ceil((range.end - range.start) / 8);
  if (bytes > MAX_BITMAP) {
    const detail = `the bitmap of this window has ${bytes} bytes, the limit is ${MAX_BITMAP}; ask for a smaller size`;
    throw new Problem('payload-too-large', detail, { ramBlockId: block.id });
  }
  return { bytes, reading: frozen.read(bitmapOf(block, part.source), range, block.generation) };
}

/** @throws Problem `invalid-range` */
function windowOf(block: RamBlock, { offset = 0, size }: Omit<QueriedPart, 'source'>, alignment: number): Section {
  const window = { offset, size: size ?? Math.max(0, block.usedLength - offset) };
  checkSection(window, block.usedLength, alignment);
  return window;
}

/** @throws Problem `not-found` */
function bitmapOf(block: RamBlock, source: string | undefined): PageBitmap {
  if (source === undefined) return block.manager.populated;
  const found = block.sourceNamed(source);
  if (found !== undefined) return found.bitmap;
  throw new Problem('not-found', `RAM block ${block.id} has no source named ${JSON.stringify(source)}`);
}

function cutBytes(section: Section, window: Section): Section {
  const offset = Math.max(section.offset, window.offset);
  const end = Math.min(section.offset + section.size, window.offset + window.size);
  return { offset, size: end - offset };
}
