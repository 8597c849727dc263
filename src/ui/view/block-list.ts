// The machine and its blocks, in the order of guest physical addresses, with the holes between them.
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { placesOf } from '../model/address-space.ts';
import { formatBytes, formatShare, hex, plural } from '../model/bytes.ts';
import type { RamBlock } from '../model/resources.ts';
import type { Dashboard } from '../state/dashboard.ts';
import { StripCanvas } from './strip-canvas.ts';

export class BlockList {
  readonly #dashboard: Dashboard;
  readonly #onCreate: () => void;
  readonly #strips = new Map<string, StripCanvas>();

  constructor(dashboard: Dashboard, onCreate: () => void) {
    this.#dashboard = dashboard;
    this.#onCreate = onCreate;
  }

  template(): TemplateResult {
    const { machines, machine, blocks } = this.#dashboard;
    // The list of machines is read again only when blocks come and go.
    const sum = (of: (block: RamBlock) => number) => formatBytes(blocks.reduce((total, one) => total + of(one), 0));
    const choose = ({ target }: Event) => {
      if (target instanceof HTMLSelectElement) this.#dashboard.select(target.value);
    };
    return html`<nav class="card blocks" aria-label="RAM blocks">
      <div class="field">
        <label for="machine">Machine</label>
        <select id="machine" @change=${choose} ?disabled=${machines.length === 0}>
          ${machines.map(({ name }) => html`<option value=${name} .selected=${name === machine}>${name}</option>`)}
        </select>
      </div>
      ${
        blocks.length === 0
          ? nothing
          : html`<p class="muted">
            ${plural(blocks.length, 'block')}, ${sum(({ usedLength }) => usedLength)},
            ${sum(({ populated }) => populated.bytes)} populated
          </p>`
      }
      <ol class="places">
        ${repeat(
          placesOf(blocks),
          (place) => (place.kind === 'block' ? place.block.id : `hole ${place.gpa}`),
          (place) =>
            place.kind === 'block'
              ? this.#block(place.block)
              : html`<li class="hole">hole at ${hex(place.gpa)}, ${formatBytes(place.size)}</li>`,
        )}
      </ol>
      <button type="button" @click=${this.#onCreate}>New RAM block…</button>
    </nav>`;
  }

  /** Draws the strips of what the template shows. */
  draw(): void {
    const { strips, blocks } = this.#dashboard;
    for (const block of blocks) {
      const canvas = this.#strips.get(block.id);
      const width = canvas?.element.parentElement?.clientWidth ?? 0;
      canvas?.draw({ block, cells: strips.of(block.id), viewport: null, listeners: [] }, width);
    }
    for (const id of this.#strips.keys()) if (!blocks.some((block) => block.id === id)) this.#strips.delete(id);
  }

  #block(block: RamBlock): TemplateResult {
    const { machine, ramBlockId } = this.#dashboard;
    const strip = this.#strips.get(block.id) ?? new StripCanvas(10);
    this.#strips.set(block.id, strip);
    const isCurrent = block.id === ramBlockId;
    const choose = () => {
      if (machine !== null) this.#dashboard.select(machine, block.id);
    };
    return html`<li>
      <button type="button" class="place" aria-current=${isCurrent ? 'true' : nothing} @click=${choose}>
        <span class="place-line">
          <span class="place-name">${block.idstr}</span>
          <span>${formatBytes(block.usedLength)}</span>
        </span>
        <span class="place-line place-more">
          <span class="address">${block.gpa === null ? 'no address' : hex(block.gpa)}</span>
          <span>${formatShare(block.populated.bytes, block.usedLength)} populated</span>
        </span>
        <span class="place-strip">${strip.element}</span>
      </button>
    </li>`;
  }
}
