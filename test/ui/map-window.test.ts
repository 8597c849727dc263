// Which pages the map shows: everything at first, any page as a cell of its own, and never anything that is not there.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_CELLS } from '../../src/limits.ts';
import {
  cellCount,
  cellOf,
  frame,
  goTo,
  isWhole,
  type MapWindow,
  pagesOf,
  pan,
  regrid,
  rowPages,
  shownPages,
  shownRows,
  totalRows,
  wholeWindow,
  zoom,
} from '../../src/ui/model/map-window.ts';

const GRIDS = [
  { columns: 128, rows: 32 },
  { columns: 64, rows: 36 },
  { columns: 32, rows: 36 },
];
/** 64 TiB in pages of 4 KiB. */
const MOST_PAGES = 2 ** 34;

const grids = fc.constantFrom(...GRIDS);
const sizes = fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: MOST_PAGES }));
const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('zoom' as const),
      by: fc.integer({ min: -5, max: 5 }),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({ kind: fc.constant('pan' as const), by: fc.integer({ min: -100, max: 100 }), at: fc.constant(0) }),
    fc.record({
      kind: fc.constant('goTo' as const),
      by: fc.constant(0),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  ),
  { maxLength: 20 },
);

function walk(window: MapWindow, path: { kind: 'zoom' | 'pan' | 'goTo'; by: number; at: number }[]): MapWindow {
  return path.reduce((now, { kind, by, at }) => {
    const page = Math.min(now.pages - 1, Math.floor(at * now.pages));
    if (kind === 'zoom') return zoom(now, by, page);
    return kind === 'pan' ? pan(now, by) : goTo(now, page);
  }, window);
}

describe('the whole window', () => {
  it.each(GRIDS)('shows all of 64 TiB in $columns columns', (grid) => {
    const window = wholeWindow(MOST_PAGES, grid);
    expect(shownPages(window)).toEqual({ start: 0, end: MOST_PAGES });
    expect(cellCount(window)).toBeLessThanOrEqual(MAX_CELLS);
    expect(isWhole(window)).toBe(true);
  });

  it('has all pages, in as few pages a cell as fit', () => {
    fc.assert(
      fc.property(sizes, grids, (pages, grid) => {
        const window = wholeWindow(pages, grid);
        expect(shownPages(window)).toEqual({ start: 0, end: pages });
        expect(totalRows(window)).toBeLessThanOrEqual(window.rows);
        const closer = { ...window, pagesPerCell: window.pagesPerCell / 2 };
        if (window.pagesPerCell > 1) expect(totalRows(closer)).toBeGreaterThan(window.rows);
      }),
    );
  });

  it('has one row for few pages', () => {
    expect(wholeWindow(16, { columns: 128, rows: 32 })).toMatchObject({ columns: 16, pagesPerCell: 1, firstRow: 0 });
  });
});

describe('wherever one goes', () => {
  it('cells are of pages that there are, next to each other, and few enough to be asked for at once', () => {
    fc.assert(
      fc.property(sizes, grids, steps, (pages, grid, path) => {
        const window = walk(wholeWindow(pages, grid), path);
        const { start, end } = shownPages(window);
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(pages);
        expect(end).toBeGreaterThan(start);
        expect(start % rowPages(window)).toBe(0);
        expect(shownRows(window)).toBe(Math.ceil(cellCount(window) / window.columns));
        const cells = cellCount(window);
        expect(cells).toBeLessThanOrEqual(MAX_CELLS);
        expect(pagesOf(window, 0).start).toBe(start);
        expect(pagesOf(window, cells - 1).end).toBe(end);
        for (const cell of [0, Math.floor(cells / 2), cells - 1]) {
          expect(cellOf(window, pagesOf(window, cell).start)).toBe(cell);
          expect(cellOf(window, pagesOf(window, cell).end - 1)).toBe(cell);
        }
      }),
    );
  });

  it('zooming keeps the row of the page that is pointed at', () => {
    const window = wholeWindow(MOST_PAGES, { columns: 128, rows: 32 });
    const page = pagesOf(window, 128 * 10 + 77).start;
    for (let step = 1; step <= 22; step++) {
      const zoomed = zoom(window, step, page);
      expect(Math.floor(cellOf(zoomed, page) / 128)).toBe(10);
    }
    expect(zoom(window, 22, page).pagesPerCell).toBe(1);
  });

  it('zooming ends at single pages, and at the whole', () => {
    const window = wholeWindow(2 ** 20, { columns: 64, rows: 32 });
    expect(zoom(window, 100, 0).pagesPerCell).toBe(1);
    expect(zoom(zoom(window, 100, 5), -100, 5)).toEqual(window);
  });

  it('goes to any page, in the middle where there is room', () => {
    const window = wholeWindow(2 ** 30, { columns: 128, rows: 32 });
    const there = goTo(window, 123_456_789);
    expect(there.pagesPerCell).toBe(1);
    expect(Math.floor(cellOf(there, 123_456_789) / 128)).toBe(15);
    expect(cellOf(goTo(window, 0), 0)).toBe(0);
    expect(cellOf(goTo(window, 2 ** 30 - 1), 2 ** 30 - 1)).toBe(cellCount(there) - 1);
  });

  it('frames a range: it is all seen, and would not be any closer', () => {
    fc.assert(
      fc.property(sizes, grids, fc.nat(), fc.nat(), (pages, grid, a, b) => {
        const start = a % pages;
        const end = start + 1 + (b % (pages - start));
        const window = frame(wholeWindow(pages, grid), { start, end });
        const shown = shownPages(window);
        expect(shown.start).toBeLessThanOrEqual(start);
        expect(shown.end).toBeGreaterThanOrEqual(end);
        const closer = rowPages(window) / 2;
        const rows = Math.ceil(end / closer) - Math.floor(start / closer);
        if (window.pagesPerCell > 1) expect(rows).toBeGreaterThan(window.rows);
      }),
    );
  });

  it('keeps its place in another grid, and after the block has another size', () => {
    const window = goTo(wholeWindow(2 ** 24, { columns: 128, rows: 32 }), 2 ** 23);
    const narrow = regrid(window, 2 ** 24, { columns: 32, rows: 36 });
    expect(narrow.pagesPerCell).toBe(1);
    expect(cellOf(narrow, 2 ** 23)).toBeGreaterThanOrEqual(0);
    expect(cellOf(narrow, 2 ** 23)).toBeLessThan(cellCount(narrow));
    const shrunk = regrid(window, 1000, { columns: 128, rows: 32 });
    expect(shownPages(shrunk)).toEqual({ start: 0, end: 1000 });
    const all = wholeWindow(4096, { columns: 64, rows: 32 });
    expect(isWhole(regrid(all, 2 ** 20, { columns: 64, rows: 32 }))).toBe(true);
  });
});
