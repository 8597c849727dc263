// Draws the map: cells as bars of what their pages are, and over them listeners' sections, what is unsettled, the
// selection and the cursor.
import { hex } from '../model/bytes.ts';
import { type Geometry, outlineOf, rectangleOf } from '../model/geometry.ts';
import { cellOf, type MapWindow, type PageRange, pagesOf, rowPages, shownRows } from '../model/map-window.ts';
import { isUnsettled } from '../model/mapped-by.ts';
import { barOf, type CellCounts } from '../model/page-states.ts';
import type { Listener, RamBlock, Section } from '../model/resources.ts';
import type { Shown } from '../state/map-view.ts';
import type { Colours } from './colours.ts';

export interface Picture {
  readonly block: RamBlock;
  readonly shown: Shown;
  readonly geometry: Geometry;
  readonly listeners: readonly { readonly listener: Listener; readonly label: string }[];
  readonly selection: PageRange | null;
  readonly cursorCell: number | null;
  readonly hoveredCell: number | null;
  /** Whether keys go to the map. */
  readonly isFocused: boolean;
}

export function drawMap(context: CanvasRenderingContext2D, picture: Picture, colours: Colours): void {
  const { shown, geometry } = picture;
  drawAddresses(context, picture, colours);
  drawCells(context, shown.cells, geometry, colours);
  for (const { listener, label } of picture.listeners) {
    drawSection(context, picture, listener.section, label, colours);
    drawUnsettled(context, picture, listener, colours);
  }
  if (picture.selection !== null) drawSelection(context, picture, picture.selection, colours);
  if (picture.hoveredCell !== null) drawBox(context, geometry, picture.hoveredCell, colours, 1);
  if (picture.cursorCell !== null && picture.isFocused) drawBox(context, geometry, picture.cursorCell, colours, 2);
}

function drawAddresses(context: CanvasRenderingContext2D, { block, shown, geometry }: Picture, colours: Colours): void {
  if (geometry.gutter === 0) return;
  const { window } = shown;
  context.fillStyle = colours.muted;
  context.font = '10px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (let row = 0; row < shownRows(window); row++) {
    const offset = (window.firstRow + row) * rowPages(window) * block.pageSize;
    const y = (row + 0.5) * geometry.cellHeight;
    context.fillText(hex((block.gpa ?? 0) + offset), geometry.gutter - 8, y);
  }
}

function drawCells(
  context: CanvasRenderingContext2D,
  cells: readonly CellCounts[],
  geometry: Geometry,
  colours: Colours,
): void {
  // With a line of surface between them, so that single pages can be counted.
  const width = Math.max(1, geometry.cellWidth - 1);
  const height = geometry.cellHeight - 1;
  const bars = cells.map((counts) => barOf(counts, height));
  for (const state of ['private', 'discarded', 'shared'] as const) {
    context.fillStyle = colours[state];
    for (const [cell, bar] of bars.entries()) {
      if (bar[state] === 0) continue;
      const { x, y } = rectangleOf(geometry, cell);
      const above = state === 'private' ? 0 : bar.private + (state === 'shared' ? bar.discarded : 0);
      context.fillRect(x, y + above, width, bar[state]);
    }
  }
}

/** The cells of a section that are shown; null where none is. */
function cellsOf({ block, shown }: Picture, { offset, size }: Section): readonly [number, number] | null {
  const first = cellOf(shown.window, Math.floor(offset / block.pageSize));
  const last = cellOf(shown.window, Math.ceil((offset + size) / block.pageSize) - 1);
  if (last < 0 || first >= shown.cells.length) return null;
  return [Math.max(0, first), Math.min(shown.cells.length - 1, last)];
}

function trace(context: CanvasRenderingContext2D, corners: readonly (readonly [number, number])[]): void {
  context.beginPath();
  for (const [x, y] of corners) context.lineTo(x, y);
  context.closePath();
}

function drawSection(
  context: CanvasRenderingContext2D,
  picture: Picture,
  section: Section,
  label: string,
  colours: Colours,
): void {
  const cells = cellsOf(picture, section);
  // A line around everything says nothing.
  const isAll = section.offset === 0 && section.size >= picture.block.usedLength;
  if (cells === null || isAll) return;
  const { geometry } = picture;
  trace(context, outlineOf(geometry, ...cells));
  context.lineWidth = 3;
  context.strokeStyle = colours.surface;
  context.stroke();
  context.lineWidth = 1.5;
  context.strokeStyle = colours.text;
  context.setLineDash([5, 3]);
  context.stroke();
  context.setLineDash([]);
  const { x, y } = rectangleOf(geometry, cells[0]);
  context.font = 'bold 10px system-ui, sans-serif';
  context.textAlign = 'left';
  context.textBaseline = 'top';
  const { width } = context.measureText(label);
  context.fillStyle = colours.text;
  context.fillRect(x, y, width + 6, 12);
  context.fillStyle = colours.surface;
  context.fillText(label, x + 3, y + 1);
}

/** What may be mapped although it is private, or is not mapped although it is shared: the reason to look at all. */
function drawUnsettled(
  context: CanvasRenderingContext2D,
  picture: Picture,
  listener: Listener,
  colours: Colours,
): void {
  if (listener.unsettled.bytes === 0 && listener.state !== 'removing') return;
  const { block, shown, geometry } = picture;
  context.strokeStyle = colours.stale;
  context.fillStyle = colours.stale;
  context.lineWidth = 2;
  for (let cell = 0; cell < shown.cells.length; cell++) {
    const range = bytesOf(shown.window, cell, block.pageSize);
    if (!isUnsettled(listener, range)) continue;
    const { x, y, width, height } = rectangleOf(geometry, cell);
    context.strokeRect(x + 1, y + 1, width - 3, height - 3);
    context.beginPath();
    context.moveTo(x + 1, y + height - 2);
    context.lineTo(x + width - 2, y + 1);
    context.stroke();
  }
}

function bytesOf(window: MapWindow, cell: number, pageSize: number): Section {
  const { start, end } = pagesOf(window, cell);
  return { offset: start * pageSize, size: (end - start) * pageSize };
}

function drawSelection(
  context: CanvasRenderingContext2D,
  picture: Picture,
  { start, end }: PageRange,
  colours: Colours,
): void {
  const { pageSize } = picture.block;
  const cells = cellsOf(picture, { offset: start * pageSize, size: (end - start) * pageSize });
  if (cells === null) return;
  trace(context, outlineOf(picture.geometry, ...cells));
  context.lineWidth = 4;
  context.strokeStyle = colours.surface;
  context.stroke();
  context.lineWidth = 2;
  context.strokeStyle = colours.text;
  context.stroke();
}

function drawBox(
  context: CanvasRenderingContext2D,
  geometry: Geometry,
  cell: number,
  colours: Colours,
  line: number,
): void {
  const { x, y, width, height } = rectangleOf(geometry, cell);
  context.lineWidth = line + 2;
  context.strokeStyle = colours.surface;
  context.strokeRect(x - 0.5, y - 0.5, width, height);
  context.lineWidth = line;
  context.strokeStyle = colours.text;
  context.strokeRect(x - 0.5, y - 0.5, width, height);
}
