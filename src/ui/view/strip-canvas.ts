// A block in one line: how much of each part of it is populated, where the map looks at, and below it the sections of the
// listeners. Of a block that is not looked at, the line alone.
import { barOf } from '../model/page-states.ts';
import type { Listener, RamBlock, Section } from '../model/resources.ts';
import type { Cells } from '../state/cells.ts';
import { prepared } from './canvas.ts';
import { type Colours, colours } from './colours.ts';

const LANE = 7;

export interface Strip {
  readonly block: RamBlock;
  /** null where it is not read yet. */
  readonly cells: Cells | null;
  /** What the map shows; null: not this block, or all of it. */
  readonly viewport: Section | null;
  readonly listeners: readonly Listener[];
}

export class StripCanvas {
  readonly element = document.createElement('canvas');
  readonly #lineHeight: number;
  #width = 0;

  /** @param lineHeight CSS pixels of the line */
  constructor(lineHeight: number) {
    this.#lineHeight = lineHeight;
    this.element.className = 'strip';
    this.element.setAttribute('aria-hidden', 'true');
  }

  /** What part of the block is at a point of the window, 0 to 1. */
  shareAt(clientX: number): number {
    const { left } = this.element.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / Math.max(1, this.#width)));
  }

  draw(strip: Strip, width: number): void {
    this.#width = width;
    if (width <= 0) return;
    const height = this.#lineHeight + strip.listeners.length * LANE + (strip.listeners.length > 0 ? 2 : 0);
    const context = prepared(this.element, width, height);
    this.#drawLine(context, strip, colours());
    this.#drawLanes(context, strip, colours());
    if (strip.viewport !== null) this.#drawViewport(context, strip, strip.viewport, colours());
  }

  #drawLine(context: CanvasRenderingContext2D, { block, cells }: Strip, colours: Colours): void {
    const height = this.#lineHeight;
    context.fillStyle = colours.private;
    context.fillRect(0, 0, this.#width, height);
    const [first] = cells?.cells ?? [];
    if (cells === null || first === undefined) return;
    // All cells are as long as the first but the last.
    const perCell = (this.#width / (block.usedLength / block.pageSize)) * first.pages;
    for (const [cell, counts] of cells.cells.entries()) {
      const bar = barOf(counts, height);
      const x = Math.floor(cell * perCell);
      const width = Math.max(1, Math.min(this.#width, Math.ceil((cell + 1) * perCell)) - x);
      context.fillStyle = colours.discarded;
      context.fillRect(x, height - bar.shared - bar.discarded, width, bar.discarded);
      context.fillStyle = colours.shared;
      context.fillRect(x, height - bar.shared, width, bar.shared);
    }
  }

  #drawLanes(context: CanvasRenderingContext2D, { block, listeners }: Strip, { text, stale, muted }: Colours): void {
    for (const [index, listener] of listeners.entries()) {
      const y = this.#lineHeight + 3 + index * LANE;
      const isWell = listener.state === 'active';
      context.fillStyle = isWell ? text : muted;
      const [x, wide] = this.#span(block, listener.section);
      context.fillRect(x, y + 2, wide, 1);
      context.fillRect(x, y, 1, LANE - 2);
      context.fillRect(x + wide - 1, y, 1, LANE - 2);
      context.fillStyle = stale;
      const wrong = listener.state === 'removing' ? [listener.section] : listener.unsettled.sections;
      for (const section of wrong) {
        const [from, size] = this.#span(block, section);
        context.fillRect(from, y, Math.max(3, size), LANE - 2);
      }
    }
  }

  #drawViewport(context: CanvasRenderingContext2D, strip: Strip, viewport: Section, { text, surface }: Colours): void {
    const [x, wide] = this.#span(strip.block, viewport);
    const width = Math.max(6, wide);
    const from = Math.min(Math.max(0, x - (width - wide) / 2), this.#width - width);
    context.lineWidth = 4;
    context.strokeStyle = surface;
    context.strokeRect(from + 1, 1, width - 2, this.#lineHeight - 2);
    context.lineWidth = 2;
    context.strokeStyle = text;
    context.strokeRect(from + 1, 1, width - 2, this.#lineHeight - 2);
  }

  #span({ usedLength }: RamBlock, { offset, size }: Section): [number, number] {
    const x = Math.floor((offset / usedLength) * this.#width);
    return [x, Math.max(2, Math.ceil(((offset + size) / usedLength) * this.#width) - x)];
  }
}
