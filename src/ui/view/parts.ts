// Small pieces that several views show: problems, curl commands, a button that copies.
import { html, nothing, type TemplateResult } from 'lit-html';
import { type Call, curlOf } from '../model/calls.ts';
import type { ProblemDocument } from '../model/resources.ts';
import type { Dashboard } from '../state/dashboard.ts';

/** The command that does what a button does, and a button that copies it. */
export function curlView(call: Call, { api }: Dashboard): TemplateResult {
  const command = curlOf(call, api.client.url, api.client.token !== null);
  return html`<div class="curl">
    <code tabindex="0" role="group" aria-label="curl command">${command}</code>
    <button type="button" class="small" @click=${(event: Event) => void copy(event, command)}>Copy</button>
  </div>`;
}

async function copy({ currentTarget }: Event, text: string): Promise<void> {
  if (!(currentTarget instanceof HTMLButtonElement)) return;
  const code = currentTarget.previousElementSibling;
  // Selected in any case: on a plain address a page may not write to the clipboard.
  if (code !== null) getSelection()?.selectAllChildren(code);
  const isCopied = await (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(
    () => true,
    () => false,
  );
  currentTarget.textContent = isCopied ? 'Copied' : 'Selected';
}

/** What a problem document says: what was refused, by whom, and what became of the others. */
export function problemView(problem: ProblemDocument, labelOf: (listenerId: string) => string): TemplateResult {
  const { title, status, code, errno, detail, listenerId, listenerStatus, listenerDetail, errors = [] } = problem;
  const names = (ids: readonly string[] | undefined) => (ids ?? []).map(labelOf).join(', ');
  const facts: [string, string][] = [];
  if (typeof listenerId === 'string') facts.push(['Listener', `${labelOf(listenerId)} (${listenerId})`]);
  if (typeof listenerStatus === 'number') facts.push(['It answered', String(listenerStatus)]);
  if (typeof listenerDetail === 'string') facts.push(['It said', listenerDetail]);
  for (const [label, ids] of [
    ['Rolled back', problem.rolledBack],
    ['Unacknowledged', problem.unacknowledged],
    ['Unsettled', problem.unsettled],
  ] as const) {
    if (ids !== undefined && ids.length > 0) facts.push([label, names(ids)]);
  }
  for (const error of errors) facts.push([error.pointer, error.detail]);
  return html`<div class="problem" role="alert">
    <p class="problem-title">${title}</p>
    <p>${detail}</p>
    <dl class="facts">
      <div><dt>Code</dt><dd><code>${code}</code>${status === 0 ? nothing : html` (${status})`}</dd></div>
      ${errno === undefined ? nothing : html`<div><dt>errno</dt><dd><code>${errno}</code></dd></div>`}
      ${facts.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}
    </dl>
  </div>`;
}

/** A clock time with milliseconds, as the reader's place has it. */
export function clock(at: string | number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  const text = date.toLocaleTimeString('en-GB', { hour12: false });
  return `${text}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
