// The part of a block that the map shows: which pages, what they are, where the cursor stands and what is selected.
import type { ServiceApi } from '../client/service-api.ts';
import {
  cellOf,
  frame,
  type Grid,
  goTo,
  type MapWindow,
  type PageRange,
  pan,
  regrid,
  scrollTo,
  shownPages,
  wholeWindow,
  zoom,
} from '../model/map-window.ts';
import type { RamBlock, Source } from '../model/resources.ts';
import { type Cells, readCells } from './cells.ts';

/** Cells as they were read: what is drawn, and what the pointer is over. */
export interface Shown extends Cells {
  readonly ramBlockId: string;
  readonly window: MapWindow;
}

export class MapView {
  readonly #api: ServiceApi;
  /** Called when there is something else to read. */
  readonly #onMoved: () => void;
  #block: RamBlock | null = null;
  #sources: readonly Source[] = [];
  /** null until it is known how much room there is: nothing is read before. */
  #grid: Grid | null = null;
  /** What is to be shown; null without a block. */
  #window: MapWindow | null = null;
  shown: Shown | null = null;
  /** A page; it is where keys act. */
  cursor: number | null = null;
  selection: PageRange | null = null;

  constructor(api: ServiceApi, onMoved: () => void) {
    this.#api = api;
    this.#onMoved = onMoved;
  }

  get window(): MapWindow | null {
    return this.#window;
  }

  get block(): RamBlock | null {
    return this.#block;
  }

  /** @param block another one is shown whole; the same one, as it is now, keeps its place */
  setBlock(block: RamBlock | null, sources: readonly Source[]): void {
    const pages = block === null ? 0 : block.usedLength / block.pageSize;
    const isSame = block !== null && this.#block?.id === block.id;
    const names = (list: readonly Source[]): string => list.map(({ name }) => name).join('\n');
    const hasOtherSources = names(sources) !== names(this.#sources);
    this.#block = block;
    this.#sources = sources;
    if (block === null) {
      this.#window = null;
      this.shown = null;
    }
    if (!isSame) {
      this.cursor = null;
      this.selection = null;
      this.shown = null;
    }
    if (block === null) return;
    const isResized = this.#window?.pages !== pages;
    if (this.#grid === null) return;
    if (!isSame || this.#window === null) this.#window = wholeWindow(pages, this.#grid);
    else if (isResized) this.#window = regrid(this.#window, pages, this.#grid);
    else if (!hasOtherSources) return;
    if (this.selection !== null && this.selection.end > pages) this.selection = null;
    if (this.cursor !== null && this.cursor >= pages) this.cursor = null;
    this.#onMoved();
  }

  setGrid(grid: Grid): void {
    if (grid.columns === this.#grid?.columns && grid.rows === this.#grid.rows) return;
    this.#grid = grid;
    if (this.#window !== null) this.#move(regrid(this.#window, this.#window.pages, grid));
    else if (this.#block !== null) this.#move(wholeWindow(this.#block.usedLength / this.#block.pageSize, grid));
  }

  whole(): void {
    if (this.#window !== null) this.#move(wholeWindow(this.#window.pages, this.#grid ?? this.#window));
  }

  /** @param page stays in its row; the cursor, or the middle, where it is left out. @returns whether there was more */
  zoom(steps: number, page = this.#focus()): boolean {
    return this.#window !== null && this.#move(zoom(this.#window, steps, page));
  }

  pan(rows: number): void {
    if (this.#window !== null) this.#move(pan(this.#window, rows));
  }

  /** Shows `page` in the middle, at the zoom that there is. */
  centre(page: number): void {
    if (this.#window === null) return;
    const { columns, pagesPerCell, rows } = this.#window;
    this.#move(scrollTo(this.#window, Math.floor(page / (columns * pagesPerCell)) - Math.floor(rows / 2)));
  }

  /** Shows `page` as a cell of its own, and puts the cursor there. */
  goTo(page: number): void {
    if (this.#window === null) return;
    this.cursor = page;
    this.#move(goTo(this.#window, page));
    this.#onMoved();
  }

  frame(range: PageRange): void {
    if (this.#window !== null) this.#move(frame(this.#window, range));
  }

  /** Moves the cursor by cells, and the window along with it. @param extend selects what it passes */
  moveCursor(cells: number, extend: boolean): void {
    const window = this.#window;
    if (window === null) return;
    const { pagesPerCell, pages } = window;
    const from = this.cursor ?? shownPages(window).start;
    const last = Math.floor((pages - 1) / pagesPerCell);
    const cell = Math.floor(from / pagesPerCell) + (this.cursor === null ? 0 : cells);
    const at = Math.min(last, Math.max(0, cell)) * pagesPerCell;
    this.setCursor(at, extend);
  }

  setCursor(page: number, extend: boolean): void {
    const window = this.#window;
    if (window === null) return;
    const before = this.cursor;
    this.cursor = page;
    if (extend) this.#extend(before ?? page, page);
    const row = Math.floor(page / (window.columns * window.pagesPerCell));
    if (row < window.firstRow) this.#move(scrollTo(window, row));
    else if (row >= window.firstRow + window.rows) this.#move(scrollTo(window, row - window.rows + 1));
  }

  /** Selects the cells of two pages and all between them. */
  select(a: number, b: number): void {
    if (this.#window === null) return;
    const { pagesPerCell, pages } = this.#window;
    const start = Math.floor(Math.min(a, b) / pagesPerCell) * pagesPerCell;
    const end = (Math.floor(Math.max(a, b) / pagesPerCell) + 1) * pagesPerCell;
    this.selection = { start, end: Math.min(end, pages) };
  }

  /** The cell under the cursor, of those that are shown; null where it is elsewhere. */
  get cursorCell(): number | null {
    if (this.shown === null || this.cursor === null) return null;
    const cell = cellOf(this.shown.window, this.cursor);
    return cell >= 0 && cell < this.shown.cells.length ? cell : null;
  }

  /** Reads what is to be shown. @throws ServiceError */
  async load(): Promise<void> {
    const block = this.#block;
    const window = this.#window;
    if (block === null || window === null) return;
    const { cells, generation } = await readCells(
      this.#api,
      block,
      this.#sources,
      shownPages(window),
      window.pagesPerCell,
    );
    if (this.#block?.id === block.id) this.shown = { ramBlockId: block.id, window, cells, generation };
  }

  #extend(from: number, to: number): void {
    const { selection } = this;
    // The end that the cursor was at moves along; the other stays.
    const anchor = selection === null ? from : from <= selection.start ? selection.end - 1 : selection.start;
    this.select(anchor, to);
  }

  #focus(): number {
    if (this.#window === null) return 0;
    const { start, end } = shownPages(this.#window);
    const { cursor } = this;
    return cursor !== null && cursor >= start && cursor < end ? cursor : Math.floor((start + end) / 2);
  }

  #move(window: MapWindow): boolean {
    const before = this.#window;
    this.#window = window;
    const isMoved = before?.firstRow !== window.firstRow || before.pagesPerCell !== window.pagesPerCell;
    if (isMoved || before?.columns !== window.columns || before?.rows !== window.rows) this.#onMoved();
    return isMoved;
  }
}
