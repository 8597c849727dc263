// Where the cells of the map stand on the canvas, in CSS pixels.
import { cellCount, type Grid, type MapWindow, shownRows, totalRows } from './map-window.ts';

export interface Geometry {
  /** Room for the addresses of the rows, at the left. */
  readonly gutter: number;
  readonly columns: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly width: number;
  readonly height: number;
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const GUTTER = 112;
const WIDEST_CELL = 56;

/** How many cells a canvas of `width` has room for. */
export function gridFor(width: number): Grid {
  const usable = width - gutterFor(width);
  if (usable >= 720) return { columns: 128, rows: 32 };
  return usable >= 384 ? { columns: 64, rows: 36 } : { columns: 32, rows: 36 };
}

/** A narrow canvas has no room for addresses. */
function gutterFor(width: number): number {
  return width >= 560 ? GUTTER : 0;
}

export function geometryFor(width: number, window: MapWindow): Geometry {
  const gutter = gutterFor(width);
  const { columns } = window;
  const cellWidth = Math.max(3, Math.min(WIDEST_CELL, Math.floor((width - gutter) / columns)));
  const rows = Math.min(window.rows, totalRows(window));
  const cellHeight = rows <= 4 ? 28 : rows <= 12 ? 20 : 12;
  return { gutter, columns, cellWidth, cellHeight, width: gutter + columns * cellWidth, height: rows * cellHeight };
}

export function rectangleOf({ gutter, columns, cellWidth, cellHeight }: Geometry, cell: number): Rectangle {
  return {
    x: gutter + (cell % columns) * cellWidth,
    y: Math.floor(cell / columns) * cellHeight,
    width: cellWidth,
    height: cellHeight,
  };
}

/** The cell at a point; null beside them. */
export function cellAt(geometry: Geometry, window: MapWindow, x: number, y: number): number | null {
  const column = Math.floor((x - geometry.gutter) / geometry.cellWidth);
  const row = Math.floor(y / geometry.cellHeight);
  if (column < 0 || column >= geometry.columns || row < 0 || row >= shownRows(window)) return null;
  const cell = row * geometry.columns + column;
  return cell < cellCount(window) ? cell : null;
}

/** The corners of the line around the cells from `first` to `last`. */
export function outlineOf(geometry: Geometry, first: number, last: number): readonly (readonly [number, number])[] {
  const a = rectangleOf(geometry, first);
  const b = rectangleOf(geometry, last);
  const left = geometry.gutter;
  const right = geometry.gutter + geometry.columns * geometry.cellWidth;
  if (a.y === b.y) {
    return [
      [a.x, a.y],
      [b.x + b.width, a.y],
      [b.x + b.width, a.y + a.height],
      [a.x, a.y + a.height],
    ];
  }
  return [
    [a.x, a.y],
    [right, a.y],
    [right, b.y],
    [b.x + b.width, b.y],
    [b.x + b.width, b.y + b.height],
    [left, b.y + b.height],
    [left, a.y + a.height],
    [a.x, a.y + a.height],
  ];
}
