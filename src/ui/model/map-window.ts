// Which part of a block the map shows: rows of cells, each of a power of two of pages. Rows begin at round addresses at
// every zoom, so that what is aligned in memory stands in straight columns.
import { MAX_CELLS } from '../../limits.ts';

export interface Grid {
  /** A power of two. */
  readonly columns: number;
  readonly rows: number;
}

/** Pages of a block; `end` is not of it. */
export interface PageRange {
  readonly start: number;
  readonly end: number;
}

export interface MapWindow extends Grid {
  /** Pages of the block. */
  readonly pages: number;
  /** A power of two. */
  readonly pagesPerCell: number;
  /** The first row that is shown, counted from the start of the block. */
  readonly firstRow: number;
}

/** The smallest power of two that is not below `value`. */
export function powerOfTwo(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}

/** The whole block. */
export function wholeWindow(pages: number, grid: Grid): MapWindow {
  const fitted = gridOf(pages, grid);
  const pagesPerCell = powerOfTwo(pages / (fitted.columns * fitted.rows));
  return { ...fitted, pages, pagesPerCell, firstRow: 0 };
}

/** A block of few pages has fewer and larger cells. */
function gridOf(pages: number, { columns, rows }: Grid): Grid {
  return { columns: Math.min(columns, powerOfTwo(pages)), rows: Math.min(rows, Math.floor(MAX_CELLS / columns)) };
}

export function rowPages({ columns, pagesPerCell }: MapWindow): number {
  return columns * pagesPerCell;
}

/** Rows of the whole block at this zoom. */
export function totalRows(window: MapWindow): number {
  return Math.ceil(window.pages / rowPages(window));
}

/** Rows that are shown. */
export function shownRows(window: MapWindow): number {
  return Math.min(window.rows, totalRows(window) - window.firstRow);
}

/** The pages that are shown. */
export function shownPages(window: MapWindow): PageRange {
  const start = window.firstRow * rowPages(window);
  return { start, end: Math.min(window.pages, start + window.rows * rowPages(window)) };
}

/** Cells that are shown; the last may have fewer pages than the others. */
export function cellCount(window: MapWindow): number {
  const { start, end } = shownPages(window);
  return Math.ceil((end - start) / window.pagesPerCell);
}

/** The pages of a cell, counted from the first one shown. */
export function pagesOf(window: MapWindow, cell: number): PageRange {
  const start = shownPages(window).start + cell * window.pagesPerCell;
  return { start, end: Math.min(start + window.pagesPerCell, window.pages) };
}

/** The cell that a page is in; below 0 or beyond the last where it is not shown. */
export function cellOf(window: MapWindow, page: number): number {
  return Math.floor((page - shownPages(window).start) / window.pagesPerCell);
}

export function isWhole(window: MapWindow): boolean {
  return window.firstRow === 0 && totalRows(window) <= window.rows;
}

/** @param row may be beyond either end */
export function scrollTo(window: MapWindow, row: number): MapWindow {
  const last = Math.max(0, totalRows(window) - window.rows);
  return { ...window, firstRow: Math.min(last, Math.max(0, Math.round(row))) };
}

/** So many rows further; back where it is negative. */
export function pan(window: MapWindow, rows: number): MapWindow {
  return scrollTo(window, window.firstRow + rows);
}

/**
 * Halves (steps 1) or doubles (-1) the pages of a cell, so many times; `page` stays in the row where it is shown.
 */
export function zoom(window: MapWindow, steps: number, page: number): MapWindow {
  const widest = wholeWindow(window.pages, window).pagesPerCell;
  const pagesPerCell = Math.min(widest, Math.max(1, window.pagesPerCell * 2 ** -steps));
  const rowInView = Math.floor(page / rowPages(window)) - window.firstRow;
  const zoomed = { ...window, pagesPerCell };
  return scrollTo(zoomed, Math.floor(page / rowPages(zoomed)) - rowInView);
}

/** The page at `page` as a cell of its own, in the middle. */
export function goTo(window: MapWindow, page: number): MapWindow {
  return centred({ ...window, pagesPerCell: 1 }, page);
}

/** The window that shows a range as large as it fits. */
export function frame(window: MapWindow, { start, end }: PageRange): MapWindow {
  const rowsOf = (one: MapWindow): number => Math.ceil(end / rowPages(one)) - Math.floor(start / rowPages(one));
  let framed = wholeWindow(window.pages, window);
  for (let closer = framed; closer.pagesPerCell >= 1 && rowsOf(closer) <= closer.rows; ) {
    framed = closer;
    closer = { ...closer, pagesPerCell: closer.pagesPerCell / 2 };
  }
  return scrollTo(framed, Math.floor(start / rowPages(framed)) - Math.floor((framed.rows - rowsOf(framed)) / 2));
}

/** The same pages in another grid, as well as it goes. */
export function regrid(window: MapWindow, pages: number, grid: Grid): MapWindow {
  const whole = wholeWindow(pages, grid);
  if (isWhole(window)) return whole;
  const { start, end } = shownPages(window);
  const pagesPerCell = Math.min(window.pagesPerCell, whole.pagesPerCell);
  return centred({ ...whole, pagesPerCell }, Math.min(pages - 1, Math.floor((start + end) / 2)));
}

function centred(window: MapWindow, page: number): MapWindow {
  return scrollTo(window, Math.floor(page / rowPages(window)) - Math.floor((window.rows - 1) / 2));
}
