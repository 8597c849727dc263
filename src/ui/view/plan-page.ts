// The page where a trace is dropped: what its conversions would need, before there is any hardware.
import { html, nothing, type TemplateResult } from 'lit-html';
import { formatBytes } from '../model/bytes.ts';
import type { Dashboard } from '../state/dashboard.ts';
import type { PlanOptions, PlansView } from '../state/plans-view.ts';
import { curlView, problemView } from './parts.ts';
import { PlanCharts } from './plan-charts.ts';
import { planFacts, planHeadline, planTables, trackingTable } from './plan-result.ts';

const FIELDS: readonly (readonly [name: keyof PlanOptions, label: string, hint: string])[] = [
  [
    'map',
    'Memory layout',
    'GPA:SIZE[:IDSTR], several with blanks between. Empty: as the trace says, else guessed from it.',
  ],
  ['block', 'RAM block', 'Of lines that name none. Empty: the only one.'],
  ['limit', 'DMA mappings at most', 'Empty: 65535, the limit of VFIO type1.'],
  ['points', 'Steps of the charts', 'Empty: at most 200.'],
];

export class PlanPage {
  readonly #dashboard: Dashboard;
  readonly #invalidate: () => void;
  readonly #charts = new PlanCharts();
  #isOver = false;

  constructor(dashboard: Dashboard, invalidate: () => void) {
    this.#dashboard = dashboard;
    this.#invalidate = invalidate;
  }

  template(): TemplateResult {
    const { outcome } = this.#view;
    return html`<div class="plans">
      ${this.#form()}
      ${outcome !== null && !outcome.ok ? problemView(outcome.problem, (id) => id) : nothing}
      ${
        outcome?.ok
          ? html`<section class="card" aria-labelledby="plan-title">
            <h2 id="plan-title">What it needs</h2>
            ${planHeadline(outcome.body)} ${this.#charts.template()} ${trackingTable(outcome.body)}
            ${planFacts(outcome.body)} ${planTables(outcome.body)}
          </section>`
          : nothing
      }
    </div>`;
  }

  /** Draws the charts of the plan that is shown. */
  draw(): void {
    const { outcome } = this.#view;
    if (outcome?.ok) this.#charts.draw(outcome.body);
  }

  get #view(): PlansView {
    return this.#dashboard.plans;
  }

  #form(): TemplateResult {
    const { file, isBusy, call, options } = this.#view;
    const submit = (event: Event) => {
      event.preventDefault();
      void this.#run();
    };
    return html`<section class="card" aria-labelledby="plans-title">
      <h2 id="plans-title">Plan a trace</h2>
      <p class="muted">
        What the conversions of a recorded guest need of a device: DMA mappings, pinned memory, webhooks. No RAM block is
        touched. A trace is what QEMU's trace log or simpletrace.py, ftrace, trace-cmd, perf script or Cloud Hypervisor's log
        has of conversions; which events it has is found out.
      </p>
      <form @submit=${submit}>
        <label
          class="drop ${this.#isOver ? 'over' : ''}"
          @dragover=${(event: DragEvent) => this.#over(event, true)}
          @dragleave=${(event: DragEvent) => this.#over(event, false)}
          @drop=${(event: DragEvent) => this.#drop(event)}
        >
          <span>
            ${
              file === null
                ? html`<b>Drop a trace here</b>, or choose a file`
                : html`<b>${file.name}</b>, ${formatBytes(file.blob.size)}`
            }
          </span>
          <input type="file" aria-label="Trace" @change=${(event: Event) => this.#chosen(event)} />
        </label>
        <div class="plan-options">
          ${FIELDS.map(
            ([name, label, hint]) => html`<div class="field">
              <label for="plan-${name}">${label}</label>
              <input
                id="plan-${name}"
                autocomplete="off"
                spellcheck="false"
                aria-describedby="plan-${name}-hint"
                .value=${options[name]}
                @input=${({ target }: Event) => this.#option(name, target)}
              />
              <p class="hint" id="plan-${name}-hint">${hint}</p>
            </div>`,
          )}
        </div>
        ${curlView(call, this.#dashboard)}
        <div class="buttons">
          <button type="submit" class="primary" ?disabled=${file === null || isBusy}>
            ${isBusy ? 'Planning…' : 'Plan'}
          </button>
        </div>
        <p class="muted" role="status">${isBusy ? 'The trace is being read.' : nothing}</p>
      </form>
    </section>`;
  }

  #option(name: keyof PlanOptions, target: EventTarget | null): void {
    if (target instanceof HTMLInputElement) this.#view.options[name] = target.value;
    this.#invalidate();
  }

  #over(event: DragEvent, isOver: boolean): void {
    event.preventDefault();
    this.#isOver = isOver;
    this.#invalidate();
  }

  #drop(event: DragEvent): void {
    this.#over(event, false);
    this.#choose(event.dataTransfer?.files[0]);
  }

  #chosen({ target }: Event): void {
    if (target instanceof HTMLInputElement) this.#choose(target.files?.[0]);
  }

  /** What is dropped or chosen is planned at once: the options are mostly left as they are. */
  #choose(file: File | undefined): void {
    if (file === undefined) return;
    this.#view.choose({ name: file.name, blob: file });
    void this.#run();
  }

  async #run(): Promise<void> {
    const done = this.#view.run();
    this.#invalidate();
    await done;
    this.#invalidate();
  }
}
