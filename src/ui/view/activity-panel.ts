// What happened last, as the service told it.
import { html, type TemplateResult } from 'lit-html';
import type { Dashboard } from '../state/dashboard.ts';
import { clock } from './parts.ts';

const SHOWN = 30;

export function activityPanel({ activity, ramBlockId }: Dashboard): TemplateResult {
  const lines = activity.lines(SHOWN, ramBlockId);
  return html`<section class="card activity" aria-labelledby="activity-title">
    <h2 id="activity-title">Events of this block</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Last events">
      <ul class="log">
        ${lines.map(
          ({ at, type, text, isBad }) =>
            html`<li class=${isBad ? 'bad' : ''}>
              <time class="muted">${clock(at)}</time> <b>${type}</b> <span>${text}</span>
            </li>`,
        )}
      </ul>
      ${lines.length === 0 ? html`<p class="muted">None since this page was opened.</p>` : ''}
    </div>
  </section>`;
}
