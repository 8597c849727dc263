// Every HTTP call that the page has made, as a command: changes one by one, and of each reading the last.
import { html, nothing, type TemplateResult } from 'lit-html';
import { plural } from '../model/bytes.ts';
import type { Dashboard } from '../state/dashboard.ts';
import { clock, curlView } from './parts.ts';

export function callsPage(dashboard: Dashboard): TemplateResult {
  return html`<section class="card calls" aria-labelledby="calls-title">
    <h2 id="calls-title">HTTP calls of this page</h2>
    <p class="muted">
      Changes one by one, and of each reading the last one. A token is taken from the variable
      <code>RBA_TOKEN</code>. What happens comes from:
    </p>
    ${curlView({ method: 'GET', path: '/v1/events', isStream: true }, dashboard)}
    <ul class="call-list">
      ${dashboard.api.log.records.map(
        (call) =>
          html`<li>
            <p>
              <span class="status ${call.status !== null && call.status < 400 ? '' : 'bad'}"
                >${call.status ?? 'no answer'}</span
              >
              <b>${call.method}</b> <span class="address">${call.path}</span>
              <span class="muted">
                ${clock(call.at)}, ${call.durationMs} ms${call.times > 1 ? `, ${plural(call.times, 'time')} so far` : nothing}
              </span>
            </p>
            ${curlView(call, dashboard)}
          </li>`,
      )}
    </ul>
  </section>`;
}
