// Asks for the bearer token where the service wants one. It is kept for this tab and this session only.
import { html, render } from 'lit-html';
import type { Dashboard } from '../state/dashboard.ts';

const KEY = 'rba-token';

export function storedToken(): string | null {
  return sessionStorage.getItem(KEY);
}

export class TokenDialog {
  readonly element = document.createElement('dialog');
  readonly #dashboard: Dashboard;

  constructor(dashboard: Dashboard) {
    this.#dashboard = dashboard;
    this.element.setAttribute('aria-labelledby', 'token-title');
  }

  open(): void {
    if (this.element.open) return;
    const isWrong = this.#dashboard.api.client.token !== null && this.#dashboard.connection === 'unauthorized';
    render(
      html`<form class="dialog" @submit=${(event: Event) => this.#submit(event)}>
        <h2 id="token-title">Bearer token</h2>
        <p>
          ${isWrong ? 'The service does not know this token.' : 'The service asks who you are.'} A token with the scope
          read sees everything; write is needed to change something. It is kept until this tab is closed.
        </p>
        <div class="field">
          <label for="token">Token</label>
          <input id="token" type="password" autocomplete="off" spellcheck="false" required />
        </div>
        <div class="buttons">
          <button type="submit" class="primary">Use it</button>
          <button type="button" @click=${() => this.#forget()}>Forget it</button>
        </div>
      </form>`,
      this.element,
    );
    this.element.showModal();
  }

  #submit(event: Event): void {
    event.preventDefault();
    const input = this.element.querySelector('input');
    const token = input?.value.trim() ?? '';
    if (token === '') return;
    if (input !== null) input.value = '';
    sessionStorage.setItem(KEY, token);
    this.element.close();
    this.#dashboard.useToken(token);
  }

  #forget(): void {
    sessionStorage.removeItem(KEY);
    this.element.close();
    this.#dashboard.useToken(null);
  }
}
