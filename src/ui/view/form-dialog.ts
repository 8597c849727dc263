// A dialog with a form that is one HTTP call: its fields, the curl command that they come to, and what was answered.
import { html, nothing, render, type TemplateResult } from 'lit-html';
import type { Call, Outcome } from '../model/calls.ts';
import type { Dashboard } from '../state/dashboard.ts';
import { curlView, problemView } from './parts.ts';

/** What the fields hold: text, or whether they are checked. */
export type Values = Readonly<Record<string, string | boolean>>;

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind?: 'text' | 'check' | 'choice';
  readonly value?: string | boolean;
  readonly hint?: string;
  readonly options?: readonly string[];
  readonly required?: boolean;
}

export interface Form {
  readonly title: string;
  readonly about?: string;
  readonly fields: readonly Field[];
  readonly button: string;
  readonly isDangerous?: boolean;
  call(values: Values): Call;
  /** What to show of a success before the dialog is closed; null: nothing. */
  result?(body: unknown): TemplateResult | null;
}

export class FormDialog {
  readonly element = document.createElement('dialog');
  readonly #dashboard: Dashboard;
  #form: Form | null = null;
  #values: Record<string, string | boolean> = {};
  #outcome: Outcome<unknown> | null = null;
  #isBusy = false;

  constructor(dashboard: Dashboard) {
    this.#dashboard = dashboard;
    this.element.setAttribute('aria-labelledby', 'dialog-title');
  }

  open(form: Form): void {
    this.#form = form;
    this.#values = Object.fromEntries(
      form.fields.map(({ name, kind, value }) => [name, value ?? (kind === 'check' ? false : '')]),
    );
    this.#outcome = null;
    // Another form begins with fields of its own, not with what was typed into the last one.
    render(nothing, this.element);
    this.#render();
    this.element.showModal();
  }

  #render(): void {
    const form = this.#form;
    if (form === null) return;
    const { listenersView } = this.#dashboard;
    const outcome = this.#outcome;
    const result = outcome?.ok ? form.result?.(outcome.body) : null;
    const close = () => this.element.close();
    render(
      html`<form class="dialog" @submit=${(event: Event) => void this.#submit(event)}>
        <h2 id="dialog-title">${form.title}</h2>
        ${form.about === undefined ? nothing : html`<p>${form.about}</p>`}
        ${form.fields.map((field) => this.#field(field))} ${curlView(form.call(this.#values), this.#dashboard)}
        ${outcome === null || outcome.ok ? nothing : problemView(outcome.problem, (id) => listenersView.labelOf(id))}
        ${
          result
            ? html`${result}
              <div class="buttons"><button type="button" class="primary" @click=${close}>Close</button></div>`
            : html`<div class="buttons">
              <button type="submit" class=${form.isDangerous ? 'danger' : 'primary'} ?disabled=${this.#isBusy}>
                ${form.button}
              </button>
              <button type="button" @click=${close}>Cancel</button>
            </div>`
        }
      </form>`,
      this.element,
    );
  }

  #field({ name, label, kind = 'text', hint, options = [], required = false }: Field): TemplateResult {
    const id = `field-${name}`;
    const value = this.#values[name];
    const changed = ({ target }: Event) => {
      if (target instanceof HTMLInputElement) {
        this.#values[name] = kind === 'check' ? target.checked : target.value;
      } else if (target instanceof HTMLSelectElement) this.#values[name] = target.value;
      this.#render();
    };
    const described = hint === undefined ? nothing : `${id}-hint`;
    const hinted = hint === undefined ? nothing : html`<p class="hint" id="${id}-hint">${hint}</p>`;
    if (kind === 'check') {
      return html`<div class="field">
        <label class="check">
          <input type="checkbox" id=${id} .checked=${value === true} aria-describedby=${described} @change=${changed} />
          ${label}
        </label>
        ${hinted}
      </div>`;
    }
    if (kind === 'choice') {
      return html`<div class="field">
        <label for=${id}>${label}</label>
        <select id=${id} aria-describedby=${described} @change=${changed}>
          ${options.map((option) => html`<option .selected=${option === value}>${option}</option>`)}
        </select>
        ${hinted}
      </div>`;
    }
    return html`<div class="field">
      <label for=${id}>${label}</label>
      <input
        id=${id}
        autocomplete="off"
        spellcheck="false"
        aria-describedby=${described}
        ?required=${required}
        .value=${String(value ?? '')}
        @input=${changed}
      />
      ${hinted}
    </div>`;
  }

  async #submit(event: Event): Promise<void> {
    event.preventDefault();
    const form = this.#form;
    if (form === null || this.#isBusy) return;
    this.#isBusy = true;
    this.#render();
    const outcome = await this.#dashboard.act(form.call(this.#values));
    this.#isBusy = false;
    // It was closed, or made another one, meanwhile.
    if (this.#form !== form) return;
    this.#outcome = outcome;
    if (outcome.ok && !form.result?.(outcome.body)) this.element.close();
    this.#render();
  }
}
