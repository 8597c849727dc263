// The map as an element: it draws itself from the state of the page, in the next frame and no more often.
import { cellText, spoken } from '../model/cell-text.ts';
import { cellAt, type Geometry, geometryFor, gridFor, rectangleOf } from '../model/geometry.ts';
import { pagesOf } from '../model/map-window.ts';
import type { Dashboard } from '../state/dashboard.ts';
import { prepared } from './canvas.ts';
import { colours } from './colours.ts';
import { drawMap } from './map-draw.ts';

/** Listeners whose sections are drawn; with more, nothing would be seen of the cells. */
const MOST_SECTIONS = 6;

export class MapCanvas {
  readonly element = document.createElement('canvas');
  readonly #dashboard: Dashboard;
  #geometry: Geometry | null = null;
  #width = 0;
  hoveredCell: number | null = null;
  /** Of listeners by id: not drawn over the map. */
  readonly hidden = new Set<string>();

  constructor(dashboard: Dashboard) {
    this.#dashboard = dashboard;
    const { element } = this;
    element.className = 'map';
    element.tabIndex = 0;
    element.setAttribute('role', 'application');
    element.setAttribute('aria-roledescription', 'memory map');
    element.setAttribute('aria-describedby', 'map-help');
  }

  /** @param width CSS pixels that there are for it */
  resize(width: number): void {
    if (width === this.#width || width === 0) return;
    this.#width = width;
    this.#dashboard.map.setGrid(gridFor(width));
    this.draw();
  }

  get geometry(): Geometry | null {
    return this.#geometry;
  }

  /** The cell at a point of the window; null beside them. */
  cellAt(clientX: number, clientY: number): number | null {
    const { shown } = this.#dashboard.map;
    if (shown === null || this.#geometry === null) return null;
    const { left, top } = this.element.getBoundingClientRect();
    return cellAt(this.#geometry, shown.window, clientX - left, clientY - top);
  }

  /** The first page of a cell. */
  pageOf(cell: number): number {
    const { shown } = this.#dashboard.map;
    return shown === null ? 0 : pagesOf(shown.window, cell).start;
  }

  /** Where a cell is in the element, for what is to point to it. */
  placeOf(cell: number) {
    return this.#geometry === null ? null : rectangleOf(this.#geometry, cell);
  }

  /** A cell in words; null where nothing is known of it. */
  textOf(cell: number) {
    const { map, block, listenersView } = this.#dashboard;
    const counts = map.shown?.cells[cell];
    if (block === null || map.shown === null || counts === undefined) return null;
    return cellText({
      block,
      pages: pagesOf(map.shown.window, cell),
      counts,
      listeners: listenersView.listeners,
      labelOf: (id) => listenersView.labelOf(id),
    });
  }

  draw(): void {
    const { map, block, listenersView } = this.#dashboard;
    const { shown } = map;
    const { element } = this;
    if (shown === null || block === null || this.#width === 0) return;
    this.#geometry = geometryFor(this.#width, shown.window);
    const { width, height } = this.#geometry;
    const listeners = listenersView.listeners
      .filter(({ id }) => !this.hidden.has(id))
      .slice(0, MOST_SECTIONS)
      .map((listener) => ({ listener, label: listenersView.labelOf(listener.id) }));
    drawMap(
      prepared(element, width, height),
      {
        block,
        shown,
        geometry: this.#geometry,
        listeners,
        selection: map.selection,
        cursorCell: map.cursorCell,
        hoveredCell: this.hoveredCell,
        isFocused: document.activeElement === element,
      },
      colours(),
    );
    this.#describe();
  }

  /** What is drawn, for those who do not see it, and for tests. */
  #describe(): void {
    const { map, block } = this.#dashboard;
    const { shown, cursorCell } = map;
    if (shown === null || block === null) return;
    const { dataset } = this.element;
    dataset.ramBlockId = shown.ramBlockId;
    dataset.generation = String(shown.generation);
    dataset.pagesPerCell = String(shown.window.pagesPerCell);
    dataset.columns = String(shown.window.columns);
    dataset.firstPage = String(pagesOf(shown.window, 0).start);
    dataset.cells = String(shown.cells.length);
    const at = cursorCell === null ? null : this.textOf(cursorCell);
    const where = at === null ? 'no cell chosen' : spoken(at);
    const label = `Memory map of ${block.idstr}: ${where}`;
    if (this.element.getAttribute('aria-label') !== label) this.element.setAttribute('aria-label', label);
  }
}
