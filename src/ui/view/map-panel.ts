// The map of the block that is looked at, with what surrounds it: its facts, the way around, the legend, the tip.
import { html, nothing, type TemplateResult } from 'lit-html';
import { blockAt } from '../model/address-space.ts';
import { formatBytes, formatCount, formatShare, hex, parseBytes, plural } from '../model/bytes.ts';
import { type CellText, spoken } from '../model/cell-text.ts';
import { isWhole, shownPages } from '../model/map-window.ts';
import type { RamBlock } from '../model/resources.ts';
import type { Dashboard } from '../state/dashboard.ts';
import { MapCanvas } from './map-canvas.ts';
import { listenToMap } from './map-input.ts';
import { StripCanvas } from './strip-canvas.ts';

/** Listeners with a lane below the strip. */
const MOST_LANES = 8;

export class MapPanel {
  readonly canvas: MapCanvas;
  readonly #dashboard: Dashboard;
  readonly #invalidate: () => void;
  readonly #strip = new StripCanvas(22);
  readonly #stage = document.createElement('div');
  readonly #tip = document.createElement('div');
  #address = '';
  #addressProblem: string | null = null;

  constructor(dashboard: Dashboard, invalidate: () => void) {
    this.#dashboard = dashboard;
    this.#invalidate = invalidate;
    this.canvas = new MapCanvas(dashboard);
    this.#stage.className = 'stage';
    this.#tip.className = 'tip';
    this.#tip.hidden = true;
    this.#tip.setAttribute('aria-hidden', 'true');
    this.#stage.append(this.canvas.element, this.#tip);
    listenToMap({ canvas: this.canvas, map: dashboard.map, onChange: invalidate });
    new ResizeObserver(() => {
      this.canvas.resize(this.#stage.clientWidth);
      invalidate();
    }).observe(this.#stage);
    this.#strip.element.addEventListener('pointerdown', (event) => this.#jump(event));
    this.#strip.element.addEventListener('pointermove', (event) => {
      if (event.buttons !== 0) this.#jump(event);
    });
  }

  template(block: RamBlock): TemplateResult {
    return html`<section class="card map-panel" aria-labelledby="map-title">
      <h2 id="map-title">${block.idstr}</h2>
      ${this.#facts(block)}
      <div class="map-strip">${this.#strip.element}</div>
      ${this.#toolbar()}
      ${this.#stage}
      ${this.#legend()}
      <p class="readout" role="status">${this.#cursorText()}</p>
      <p class="muted help" id="map-help">
        Wheel or pinch zooms, Shift and wheel moves, dragging selects. Keys: arrows move the cursor, with Shift they
        select, + and - zoom, 0 shows all, Enter selects the cell, Escape selects nothing.
      </p>
    </section>`;
  }

  /** Draws what the template shows. */
  draw(): void {
    const { block, map, strips, listenersView } = this.#dashboard;
    if (block === null) return;
    this.canvas.draw();
    const { window } = map;
    let viewport = null;
    if (window !== null && !isWhole(window)) {
      const { start, end } = shownPages(window);
      viewport = { offset: start * block.pageSize, size: (end - start) * block.pageSize };
    }
    const listeners = listenersView.listeners.slice(0, MOST_LANES);
    const width = this.#strip.element.parentElement?.clientWidth ?? 0;
    this.#strip.draw({ block, cells: strips.of(block.id), viewport, listeners }, width);
    this.#drawTip();
  }

  #facts(block: RamBlock): TemplateResult {
    const { gpa, usedLength, maxLength, pageSize, populated, generation, flags } = { flags: [], ...block };
    const { sources } = this.#dashboard;
    const range = gpa === null ? 'none' : `${hex(gpa)} – ${hex(gpa + usedLength - 1)}`;
    const facts: [string, string][] = [
      ['Guest physical', range],
      ['Used length', formatBytes(usedLength) + (maxLength === usedLength ? '' : ` of ${formatBytes(maxLength)}`)],
      ['Page size', formatBytes(pageSize)],
      [
        'Populated',
        `${formatBytes(populated.bytes)} (${formatShare(populated.bytes, usedLength)}), ${plural(populated.runs, 'run')}`,
      ],
      ['Generation', formatCount(generation)],
      ['Sources', sources.length === 0 ? (flags.length === 0 ? 'none' : '…') : sources.map((s) => s.name).join(', ')],
    ];
    return html`<dl class="facts">
      ${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>`;
  }

  #toolbar(): TemplateResult {
    const { map } = this.#dashboard;
    const { window, selection } = map;
    const zoomed = (steps: number) => () => map.zoom(steps);
    const panned = (share: number) => () => map.pan(share * (window?.rows ?? 0));
    const framed = () => {
      if (selection !== null) map.frame(selection);
    };
    const atEnd = window === null || window.pagesPerCell === 1;
    const atStart = window === null || isWhole(window);
    return html`<div class="toolbar">
      <div class="buttons" role="group" aria-label="Zoom and move">
        <button type="button" @click=${() => map.whole()} ?disabled=${atStart}>Whole block</button>
        <button type="button" aria-label="Zoom in" title="Zoom in (+)" @click=${zoomed(1)} ?disabled=${atEnd}>+</button>
        <button type="button" aria-label="Zoom out" title="Zoom out (-)" @click=${zoomed(-1)} ?disabled=${atStart}>
          −
        </button>
        <button type="button" aria-label="Towards lower addresses" @click=${panned(-0.5)} ?disabled=${atStart}>↑</button>
        <button type="button" aria-label="Towards higher addresses" @click=${panned(0.5)} ?disabled=${atStart}>↓</button>
        <button type="button" @click=${framed} ?disabled=${selection === null}>Selection</button>
      </div>
      <form class="goto" @submit=${(event: Event) => this.#goTo(event)}>
        <label for="goto">Address</label>
        <input
          id="goto"
          autocomplete="off"
          spellcheck="false"
          placeholder="0x200000, +2M"
          title="A guest physical address, or + and an offset in the block"
          aria-describedby=${this.#addressProblem === null ? nothing : 'goto-problem'}
          aria-invalid=${this.#addressProblem === null ? nothing : 'true'}
          .value=${this.#address}
          @input=${(event: Event) => this.#typeAddress(event)}
        />
        <button type="submit">Go</button>
        ${
          this.#addressProblem === null
            ? nothing
            : html`<span class="field-problem" id="goto-problem" role="alert">${this.#addressProblem}</span>`
        }
      </form>
    </div>`;
  }

  #typeAddress({ target }: Event): void {
    if (target instanceof HTMLInputElement) this.#address = target.value;
    this.#addressProblem = null;
  }

  /** `+2M` is an offset; anything else a guest physical address, or an offset in a block that has none. */
  #goTo(event: Event): void {
    event.preventDefault();
    const { block, blocks, machine, map } = this.#dashboard;
    const text = this.#address.trim();
    const isOffset = text.startsWith('+') || block?.gpa === null;
    const bytes = parseBytes(text.replace(/^\+/, ''));
    const found = bytes === null || isOffset ? null : blockAt(blocks, bytes);
    if (bytes === null) {
      this.#addressProblem = 'Write it as 0x200000, 2097152, 2M, or +2M for an offset';
    } else if (isOffset && block !== null && bytes < block.usedLength) {
      map.goTo(Math.floor(bytes / block.pageSize));
    } else if (isOffset) {
      this.#addressProblem = 'That is beyond the end of the block';
    } else if (found === null) {
      this.#addressProblem = `There is no block at ${hex(bytes)}`;
    } else {
      if (machine !== null && found.block.id !== block?.id) {
        this.#dashboard.select(machine, found.block.id);
        map.setBlock(found.block, []);
      }
      map.goTo(Math.floor(found.offset / found.block.pageSize));
    }
    this.#invalidate();
  }

  #legend(): TemplateResult {
    const { map, block } = this.#dashboard;
    const sum = { shared: 0, private: 0, discarded: 0 };
    for (const cell of map.shown?.cells ?? []) {
      sum.shared += cell.shared;
      sum.private += cell.private;
      sum.discarded += cell.discarded;
    }
    const pageSize = block?.pageSize ?? 0;
    const entry = (state: keyof typeof sum, name: string) => html`<li>
      <span class="swatch ${state}"></span>${name} <b>${formatBytes(sum[state] * pageSize)}</b>
    </li>`;
    const perCell = map.shown?.window.pagesPerCell ?? 0;
    return html`<ul class="legend" aria-label="In view">
      ${entry('shared', 'shared')} ${entry('private', 'private')} ${entry('discarded', 'discarded by another source')}
      <li><span class="swatch stale"></span>mapping not known, or not as it should be</li>
      <li class="per-cell">a cell is ${plural(perCell, 'page')}, ${formatBytes(perCell * pageSize)}</li>
    </ul>`;
  }

  #cursorText(): string {
    const { map, block } = this.#dashboard;
    const cell = map.cursorCell;
    const text = cell === null ? null : this.canvas.textOf(cell);
    const parts = text === null ? [] : [`Cursor: ${spoken(text)}.`];
    if (map.selection !== null && block !== null) {
      const { start, end } = map.selection;
      const size = (end - start) * block.pageSize;
      parts.push(`Selected: ${hex(start * block.pageSize)}, ${formatBytes(size)}.`);
    }
    return parts.join(' ');
  }

  #drawTip(): void {
    const cell = this.canvas.hoveredCell;
    const text = cell === null ? null : this.canvas.textOf(cell);
    const place = cell === null ? null : this.canvas.placeOf(cell);
    this.#tip.hidden = text === null;
    if (text === null || place === null) return;
    this.#tip.replaceChildren(...tipLines(text));
    const { clientWidth } = this.#stage;
    const left = Math.min(Math.max(0, place.x - 60), Math.max(0, clientWidth - this.#tip.offsetWidth));
    const below = place.y + place.height + 8;
    const isAbove = below + this.#tip.offsetHeight > this.#stage.clientHeight && place.y > this.#tip.offsetHeight;
    const top = isAbove ? place.y - this.#tip.offsetHeight - 8 : below;
    this.#tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  #jump(event: PointerEvent): void {
    const { map } = this.#dashboard;
    if (map.window === null) return;
    map.centre(Math.floor(this.#strip.shareAt(event.clientX) * (map.window.pages - 1)));
    this.#invalidate();
  }
}

function tipLines({ offset, gpa, size, state, mapped }: CellText): HTMLElement[] {
  const line = (name: string, value: string, className = ''): HTMLElement => {
    const element = document.createElement('div');
    const label = document.createElement('b');
    label.textContent = name;
    element.append(label, ` ${value}`);
    element.className = className;
    return element;
  };
  return [
    line('State', state),
    line('Offset', offset, 'address'),
    ...(gpa === null ? [] : [line('GPA', gpa, 'address')]),
    line('Size', size),
    ...(mapped.length === 0 ? [line('Listeners', 'none here')] : []),
    ...mapped.map(({ label, state: mapping, isBad }) => line(label, mapping, isBad ? 'bad' : '')),
  ];
}
