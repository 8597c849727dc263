// The listeners of a block: what each has mapped against what is populated, how far it has come, what was sent to it last,
// and what can be done about it.
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { formatAge, formatBytes, formatCount, formatShare, hex } from '../model/bytes.ts';
import type { Call } from '../model/calls.ts';
import type { Listener, ProblemDocument, RamBlock } from '../model/resources.ts';
import type { Dashboard } from '../state/dashboard.ts';
import { deliveryTable } from './delivery-table.ts';
import { curlView, problemView } from './parts.ts';

export interface ListenerPanelOptions {
  readonly dashboard: Dashboard;
  readonly invalidate: () => void;
  readonly onRegister: () => void;
  readonly onUnregister: (listener: Listener) => void;
  /** Listeners by id whose sections are not drawn over the map. */
  readonly hidden: Set<string>;
}

/** What came of the last thing that was done to a listener. */
interface Done {
  readonly call: Call;
  readonly problem: ProblemDocument | null;
}

export class ListenerPanel {
  readonly #options: ListenerPanelOptions;
  readonly #done = new Map<string, Done>();
  readonly #busy = new Set<string>();

  constructor(options: ListenerPanelOptions) {
    this.#options = options;
  }

  template(block: RamBlock): TemplateResult {
    const { dashboard, onRegister } = this.#options;
    const { listeners } = dashboard.listenersView;
    return html`<section class="card listeners" aria-labelledby="listeners-title">
      <div class="card-head">
        <h2 id="listeners-title">Listeners</h2>
        <button type="button" @click=${onRegister}>Register a listener…</button>
      </div>
      ${listeners.length === 0 ? html`<p class="muted">Nobody is told of what happens to ${block.idstr}.</p>` : nothing}
      ${repeat(
        listeners,
        ({ id }) => id,
        (listener) => this.#listener(listener),
      )}
    </section>`;
  }

  #listener(listener: Listener): TemplateResult {
    const { dashboard, hidden, invalidate } = this.#options;
    const { listenersView } = dashboard;
    const { id, url, mode, state, section, warnings, description } = listener;
    const label = listenersView.labelOf(id);
    const isOpen = listenersView.opened.has(id);
    const toggle = ({ target }: Event) => {
      if (target instanceof HTMLDetailsElement && target.open !== isOpen) dashboard.open(id, target.open);
    };
    const show = ({ target }: Event) => {
      if (!(target instanceof HTMLInputElement)) return;
      if (target.checked) hidden.delete(id);
      else hidden.add(id);
      invalidate();
    };
    const done = this.#done.get(id);
    return html`<article class="listener" aria-labelledby="name-${id}" data-listener=${id}>
      <div class="card-head">
        <h3 id="name-${id}"><span class="label">${label}</span> ${description ?? url}</h3>
        <span class="state state-${state}">${state}</span>
      </div>
      <p class="muted address">${mode}, ${url}, ${id}</p>
      ${this.#facts(listener)}
      ${warnings.map((warning) => html`<p class="warning">${warning}</p>`)}
      <label class="check">
        <input type="checkbox" .checked=${!hidden.has(id)} @change=${show} />
        section ${hex(section.offset)}+${hex(section.size)} at ${hex(section.offsetWithinAddressSpace)} on the map
      </label>
      ${this.#buttons(listener, label)}
      ${
        done === undefined
          ? nothing
          : html`${curlView(done.call, dashboard)}
            ${done.problem === null ? nothing : problemView(done.problem, (other) => listenersView.labelOf(other))}`
      }
      <details ?open=${isOpen} @toggle=${toggle}>
        <summary>Last deliveries</summary>
        ${deliveryTable(listenersView.deliveries.get(id) ?? [], label)}
      </details>
    </article>`;
  }

  #facts(listener: Listener): TemplateResult {
    const { listenersView } = this.#options.dashboard;
    const { mapped, dmaMaxMappings, position, granularity, mode } = listener;
    const difference = listenersView.differenceFor(listener);
    const populated = listenersView.populatedFor(listener);
    const { lastSequence, acknowledgedSequence, pending, oldestPendingAt } = position;
    const limit = dmaMaxMappings === null ? '' : ` of ${formatCount(dmaMaxMappings)}`;
    const since =
      oldestPendingAt === null ? '' : `, the oldest for ${formatAge(Date.now() - Date.parse(oldestPendingAt))}`;
    return html`<p class="difference difference-${difference.kind}">
        <b>${formatBytes(mapped.bytes)}</b> mapped,
        <b>${populated === null ? '…' : formatBytes(populated)}</b> populated:
        <span class="verdict">${difference.text}</span>
      </p>
      <dl class="facts">
        <div>
          <dt>DMA mappings</dt>
          <dd>
            ${formatCount(mapped.mappings)}${limit}
            ${
              dmaMaxMappings === null
                ? nothing
                : html`<meter
                  min="0"
                  max=${dmaMaxMappings}
                  high=${dmaMaxMappings * 0.9}
                  .value=${mapped.mappings}
                  aria-label="DMA mappings used"
                ></meter> ${formatShare(mapped.mappings, dmaMaxMappings)}`
            }
          </dd>
        </div>
        <div><dt>Runs</dt><dd>${formatCount(mapped.runs)}</dd></div>
        <div><dt>Granularity</dt><dd>${formatBytes(granularity)}</dd></div>
        <div>
          <dt>Position</dt>
          <dd>${formatCount(acknowledgedSequence)} of ${formatCount(lastSequence)} acknowledged</dd>
        </div>
        ${mode === 'async' ? html`<div><dt>Backlog</dt><dd>${formatCount(pending)}${since}</dd></div>` : nothing}
      </dl>`;
  }

  #buttons(listener: Listener, label: string): TemplateResult {
    const { onUnregister } = this.#options;
    const { id, ramBlockId, mode, state } = listener;
    const path = `/v1/ram-blocks/${ramBlockId}/listeners/${id}`;
    const button = (text: string, call: Call, title: string) =>
      html`<button
        type="button"
        title=${title}
        aria-label="${text} ${label}"
        ?disabled=${this.#busy.has(id)}
        @click=${() => void this.#do(id, call)}
      >
        ${text}
      </button>`;
    const paused = (to: string): Call => ({ method: 'PATCH', path, body: { state: to } });
    const posted = (verb: string): Call => ({ method: 'POST', path: `${path}/${verb}` });
    return html`<div class="buttons">
      ${button('Replay', posted('replay'), 'Discard its section and populate it again')}
      ${
        mode === 'async'
          ? html`${
              state === 'disabled'
                ? button('Resume', paused('active'), 'Tell it again, from a replay on')
                : button('Pause', paused('disabled'), 'Tell it nothing')
            }
            ${button('Skip', posted('skip'), 'Give up the oldest pending delivery; its ranges follow anew')}
            ${button('Retry', posted('retry'), 'Send what is pending now')}`
          : nothing
      }
      <button type="button" class="danger" aria-label="Unregister ${label}" @click=${() => onUnregister(listener)}>
        Unregister…
      </button>
    </div>`;
  }

  async #do(id: string, call: Call): Promise<void> {
    const { dashboard, invalidate } = this.#options;
    this.#busy.add(id);
    invalidate();
    const outcome = await dashboard.act(call);
    this.#busy.delete(id);
    this.#done.set(id, { call, problem: outcome.ok ? null : outcome.problem });
    invalidate();
  }
}
