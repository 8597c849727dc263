// The last attempts to send something to a listener, newest first.
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Delivery } from '../model/resources.ts';
import { clock } from './parts.ts';

export function deliveryTable(deliveries: readonly Delivery[], label: string): TemplateResult {
  if (deliveries.length === 0) return html`<p class="muted">None since the service started.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Last deliveries to ${label}">
    <table>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">#</th>
          <th scope="col">What</th>
          <th scope="col">Why</th>
          <th scope="col">Status</th>
          <th scope="col">Took</th>
          <th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        ${deliveries.map(
          ({ startedAt, sequence, type, reason, attempt, status, durationMs, outcome, responseExcerpt }) =>
            html`<tr class="outcome-${outcome}">
              <td>${clock(startedAt)}</td>
              <td class="number">${sequence}${attempt > 1 ? `, try ${attempt}` : nothing}</td>
              <td>${type.replace('ram_block.', '')}</td>
              <td>${reason}</td>
              <td class="number">${status ?? 'none'}</td>
              <td class="number">${durationMs} ms</td>
              <td class="outcome">${outcome}</td>
            </tr>
            ${
              responseExcerpt === ''
                ? nothing
                : html`<tr>
                  <td></td>
                  <td class="excerpt" colspan="6">${responseExcerpt}</td>
                </tr>`
            }`,
        )}
      </tbody>
    </table>
  </div>`;
}
