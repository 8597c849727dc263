// Where blocks are in a machine, and cells on the canvas.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_CELLS } from '../../src/limits.ts';
import { blockAt, inAddressOrder, placesOf } from '../../src/ui/model/address-space.ts';
import { cellAt, geometryFor, gridFor, outlineOf, rectangleOf } from '../../src/ui/model/geometry.ts';
import { cellCount, wholeWindow } from '../../src/ui/model/map-window.ts';
import { block } from './samples.ts';

const GiB = 2 ** 30;
const at = (id: string, gpa: number | null, usedLength = GiB, maxLength = usedLength, ramAddr = 0) => {
  return { ...block, id, gpa, usedLength, maxLength, ramAddr };
};

describe('the blocks of a machine', () => {
  it('are in the order of their addresses, those without one last', () => {
    const blocks = [at('none2', null, GiB, GiB, 9), at('high', 4 * GiB), at('none1', null, GiB, GiB, 3), at('low', 0)];
    expect(inAddressOrder(blocks).map(({ id }) => id)).toEqual(['low', 'high', 'none1', 'none2']);
  });

  it('have holes between them, but none in what a block may grow into', () => {
    const places = placesOf([at('a', GiB), at('b', 2 * GiB, GiB, 2 * GiB), at('c', 5 * GiB), at('d', null)]);
    expect(places.map((place) => (place.kind === 'block' ? place.block.id : [place.gpa, place.size]))).toEqual([
      [0, GiB],
      'a',
      'b',
      [4 * GiB, GiB],
      'c',
      'd',
    ]);
  });

  it('are found by address', () => {
    const blocks = [at('a', 0), at('b', 2 * GiB), at('c', null)];
    expect(blockAt(blocks, 2 * GiB + 5)).toMatchObject({ block: { id: 'b' }, offset: 5 });
    expect(blockAt(blocks, GiB - 1)?.block.id).toBe('a');
    expect(blockAt(blocks, GiB)).toBeNull();
  });
});

describe('the canvas', () => {
  const widths = fc.integer({ min: 240, max: 2000 });
  const sizes = fc.integer({ min: 1, max: 2 ** 34 });

  it('has a place for every cell, and finds the cell at every place', () => {
    fc.assert(
      fc.property(widths, sizes, fc.nat(), (width, pages, n) => {
        const window = wholeWindow(pages, gridFor(width));
        const geometry = geometryFor(width, window);
        expect(geometry.width).toBeLessThanOrEqual(width);
        expect(cellCount(window)).toBeLessThanOrEqual(MAX_CELLS);
        const cell = n % cellCount(window);
        const { x, y, width: wide, height: high } = rectangleOf(geometry, cell);
        expect(x + wide).toBeLessThanOrEqual(geometry.width);
        expect(y + high).toBeLessThanOrEqual(geometry.height);
        for (const [dx, dy] of [
          [0, 0],
          [wide - 1, high - 1],
        ] as const) {
          expect(cellAt(geometry, window, x + dx, y + dy)).toBe(cell);
        }
      }),
    );
  });

  it('has no cell beside the cells', () => {
    const window = wholeWindow(130, { columns: 128, rows: 32 });
    const geometry = geometryFor(1000, window);
    expect(cellAt(geometry, window, 0, 5)).toBeNull();
    expect(cellAt(geometry, window, geometry.width, 5)).toBeNull();
    expect(cellAt(geometry, window, geometry.width - 1, geometry.cellHeight + 1)).toBeNull();
    expect(cellAt(geometry, window, geometry.gutter + 1, geometry.height + 50)).toBeNull();
    expect(cellAt(geometry, window, geometry.gutter, -1)).toBeNull();
  });

  it('draws a line around cells of one row, and of several', () => {
    const geometry = geometryFor(500, wholeWindow(1024, { columns: 32, rows: 32 }));
    const { cellWidth: w, cellHeight: h } = geometry;
    expect(outlineOf(geometry, 1, 2)).toEqual([
      [w, 0],
      [3 * w, 0],
      [3 * w, h],
      [w, h],
    ]);
    expect(outlineOf(geometry, 1, 65)).toEqual([
      [w, 0],
      [32 * w, 0],
      [32 * w, 2 * h],
      [2 * w, 2 * h],
      [2 * w, 3 * h],
      [0, 3 * h],
      [0, h],
      [w, h],
    ]);
  });
});
