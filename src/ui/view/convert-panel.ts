// Converting a range: what is selected on the map or typed in, first asked about, then done; and what came of it.
import { html, nothing, type TemplateResult } from 'lit-html';
import { formatBytes, hex, parseBytes, plural, shortBytes } from '../model/bytes.ts';
import type { Call, Outcome } from '../model/calls.ts';
import type { Conversion, MachineConversion, RamBlock } from '../model/resources.ts';
import type { Dashboard } from '../state/dashboard.ts';
import { curlView, problemView } from './parts.ts';

/** What a range is counted from. */
type Space = 'offset' | 'gpa';

interface Done {
  readonly ramBlockId: string;
  readonly isPreview: boolean;
  readonly call: Call;
  readonly outcome: Outcome<Conversion | MachineConversion>;
}

export class ConvertPanel {
  readonly #dashboard: Dashboard;
  readonly #invalidate: () => void;
  #space: Space = 'offset';
  #start = '0';
  #size = '2M';
  #to: 'shared' | 'private' = 'shared';
  #isBusy = false;
  #done: Done | null = null;
  /** Of the selection that the fields were filled from. */
  #filledFrom = '';

  constructor(dashboard: Dashboard, invalidate: () => void) {
    this.#dashboard = dashboard;
    this.#invalidate = invalidate;
  }

  template(block: RamBlock): TemplateResult {
    this.#fill(block);
    const typed = (set: (value: string) => void) => (event: Event) => {
      if (!(event.target instanceof HTMLInputElement)) return;
      set(event.target.value);
      this.#select(block);
    };
    const spaced = ({ target }: Event) => {
      if (target instanceof HTMLSelectElement) this.#moveTo(target.value === 'gpa' ? 'gpa' : 'offset', block);
    };
    return html`<section class="card convert" aria-labelledby="convert-title">
      <h2 id="convert-title">Convert a range</h2>
      <form @submit=${(event: Event) => void this.#submit(event, block)}>
        <div class="fields">
          <div class="field">
            <label for="convert-space">From</label>
            <select id="convert-space" @change=${spaced}>
              <option value="offset" .selected=${this.#space === 'offset'}>block offset</option>
              <option value="gpa" .selected=${this.#space === 'gpa'} ?disabled=${block.gpa === null}>
                guest physical
              </option>
            </select>
          </div>
          <div class="field">
            <label for="convert-start">${this.#space === 'gpa' ? 'Address' : 'Offset'}</label>
            <input
              id="convert-start"
              autocomplete="off"
              spellcheck="false"
              .value=${this.#start}
              @input=${typed((value) => {
                this.#start = value;
              })}
            />
          </div>
          <div class="field">
            <label for="convert-size">Size</label>
            <input
              id="convert-size"
              autocomplete="off"
              spellcheck="false"
              .value=${this.#size}
              @input=${typed((value) => {
                this.#size = value;
              })}
            />
          </div>
        </div>
        <fieldset class="choice">
          <legend>To</legend>
          ${(['shared', 'private'] as const).map(
            (to) => html`<label>
              <input
                type="radio"
                name="to"
                value=${to}
                .checked=${this.#to === to}
                @change=${() => {
                  this.#to = to;
                  this.#invalidate();
                }}
              />
              <span class="swatch ${to}"></span>${to}
            </label>`,
          )}
        </fieldset>
        <div class="buttons">
          <button type="submit" value="preview" ?disabled=${this.#isBusy}>Preview</button>
          <button type="submit" value="convert" class="primary" ?disabled=${this.#isBusy}>Convert</button>
        </div>
        ${curlView(this.#call(block, false), this.#dashboard)}
      </form>
      <div class="outcome" aria-live="polite">${this.#done?.ramBlockId === block.id ? this.#outcome(this.#done, block) : nothing}</div>
    </section>`;
  }

  /** The fields say what is selected on the map, whenever that is something else. */
  #fill(block: RamBlock): void {
    const { selection } = this.#dashboard.map;
    const now = selection === null ? '' : `${block.id} ${selection.start}-${selection.end}`;
    if (now === this.#filledFrom) return;
    this.#filledFrom = now;
    if (selection === null) return;
    const offset = selection.start * block.pageSize;
    this.#start = this.#space === 'gpa' ? hex((block.gpa ?? 0) + offset) : hex(offset);
    this.#size = shortBytes((selection.end - selection.start) * block.pageSize);
  }

  /** The map shows what the fields say, where it is a range of the block. */
  #select(block: RamBlock): void {
    const { map } = this.#dashboard;
    const start = parseBytes(this.#start);
    const size = parseBytes(this.#size);
    const offset = start === null ? null : start - (this.#space === 'gpa' ? (block.gpa ?? 0) : 0);
    const isRange = offset !== null && size !== null && size > 0 && offset >= 0 && offset + size <= block.usedLength;
    map.selection = isRange
      ? { start: Math.floor(offset / block.pageSize), end: Math.ceil((offset + size) / block.pageSize) }
      : null;
    this.#filledFrom = map.selection === null ? '' : `${block.id} ${map.selection.start}-${map.selection.end}`;
    this.#invalidate();
  }

  #moveTo(space: Space, block: RamBlock): void {
    const start = parseBytes(this.#start);
    const by = (space === 'gpa' ? 1 : -1) * (block.gpa ?? 0);
    if (space !== this.#space && start !== null && start + by >= 0) this.#start = hex(start + by);
    this.#space = space;
    this.#invalidate();
  }

  #call(block: RamBlock, isPreview: boolean): Call {
    const query = isPreview ? '?dryRun=true' : '';
    const { machine, id } = block;
    const range = { size: this.#size.trim(), to: this.#to };
    return this.#space === 'gpa'
      ? {
          method: 'POST',
          path: `/v1/machines/${encodeURIComponent(machine)}/conversions${query}`,
          body: { gpa: this.#start.trim(), ...range },
        }
      : {
          method: 'POST',
          path: `/v1/ram-blocks/${id}/conversions${query}`,
          body: { offset: this.#start.trim(), ...range },
        };
  }

  async #submit(event: Event, block: RamBlock): Promise<void> {
    event.preventDefault();
    const submitter = event instanceof SubmitEvent ? event.submitter : null;
    const isPreview = !(submitter instanceof HTMLButtonElement) || submitter.value === 'preview';
    const call = this.#call(block, isPreview);
    this.#isBusy = true;
    this.#invalidate();
    const outcome = await this.#dashboard.act<Conversion | MachineConversion>(call);
    this.#isBusy = false;
    this.#done = { ramBlockId: block.id, isPreview, call, outcome };
    this.#invalidate();
  }

  #outcome({ isPreview, call, outcome }: Done, block: RamBlock): TemplateResult {
    const { listenersView, blocks } = this.#dashboard;
    const labelOf = (id: string) => listenersView.labelOf(id);
    const isAsAbove = JSON.stringify(call) === JSON.stringify(this.#call(block, false));
    const command = isAsAbove ? nothing : curlView(call, this.#dashboard);
    if (!outcome.ok) return html`${problemView(outcome.problem, labelOf)} ${command}`;
    const { body } = outcome;
    const conversions = 'conversions' in body ? body.conversions : [body];
    const nameOf = (id: string) => blocks.find((one) => one.id === id)?.idstr ?? id;
    return html`<div class=${isPreview ? 'result preview' : 'result'}>
      <p><b>${isPreview ? 'This would happen:' : 'Done.'}</b></p>
      <ul>
        ${conversions.map((one) => html`<li>${describe(one, isPreview, nameOf(one.ramBlockId), labelOf)}</li>`)}
        ${
          'unassigned' in body
            ? body.unassigned.map(({ gpa, size }) => html`<li>Nothing is at ${hex(gpa)}, ${formatBytes(size)}.</li>`)
            : nothing
        }
      </ul>
      ${command}
    </div>`;
  }
}

function describe(
  { offset, size, from, to, changedBytes, changed, changedTruncated, notified }: Conversion,
  isPreview: boolean,
  name: string,
  labelOf: (listenerId: string) => string,
): string {
  const range = `${name} ${hex(offset)}+${hex(size)}`;
  if (changedBytes === 0) return `${range} is ${to} already: nobody ${isPreview ? 'would be' : 'was'} told.`;
  const runs =
    changed === undefined ? '' : ` in ${changedTruncated ? 'more than ' : ''}${plural(changed.length, 'run')}`;
  const told = notified.length === 0 ? 'nobody' : notified.map((id) => `${labelOf(id)} (${id})`).join(', then ');
  const [change, tell] = isPreview ? ['would turn', 'Told would be'] : ['turned', 'Told was'];
  return `${range} (${from}): ${formatBytes(changedBytes)}${runs} ${change} ${to}. ${tell} ${told}.`;
}
