// The page: its head, where one can go, and whichever view is looked at; drawn at most once in a frame.
import { html, nothing, render, type TemplateResult } from 'lit-html';
import type { Listener } from '../model/resources.ts';
import { type Route, routeFrom, routeText } from '../model/routes.ts';
import type { Dashboard } from '../state/dashboard.ts';
import { activityPanel } from './activity-panel.ts';
import { BlockList } from './block-list.ts';
import { callsPage } from './calls-page.ts';
import { ChartPanel } from './chart-panel.ts';
import { ConvertPanel } from './convert-panel.ts';
import { FormDialog } from './form-dialog.ts';
import { createBlockForm, registerListenerForm, unregisterForm } from './forms.ts';
import { ListenerPanel } from './listener-panel.ts';
import { MapPanel } from './map-panel.ts';
import { problemView } from './parts.ts';
import { PlanPage } from './plan-page.ts';
import { TokenDialog } from './token-dialog.ts';

const CONNECTIONS = {
  connecting: 'connecting',
  live: 'live',
  lost: 'connection lost, trying again',
  unauthorized: 'a token is needed',
} as const;

export class Page {
  readonly #dashboard: Dashboard;
  readonly #root: HTMLElement;
  readonly #dialog: FormDialog;
  readonly #tokenDialog: TokenDialog;
  readonly #blockList: BlockList;
  readonly #mapPanel: MapPanel;
  readonly #convertPanel: ConvertPanel;
  readonly #listenerPanel: ListenerPanel;
  readonly #chartPanel: ChartPanel;
  readonly #planPage: PlanPage;
  #route: Route = { view: 'memory', machine: null, ramBlockId: null };

  /** @param invalidate has the page drawn in the next frame */
  constructor(root: HTMLElement, dashboard: Dashboard, invalidate: () => void) {
    this.#root = root;
    this.#dashboard = dashboard;
    this.#dialog = new FormDialog(dashboard);
    this.#tokenDialog = new TokenDialog(dashboard);
    this.#blockList = new BlockList(dashboard, () => this.#dialog.open(createBlockForm(dashboard.machine)));
    this.#mapPanel = new MapPanel(dashboard, invalidate);
    this.#convertPanel = new ConvertPanel(dashboard, invalidate);
    this.#chartPanel = new ChartPanel(dashboard, invalidate);
    this.#planPage = new PlanPage(dashboard, invalidate);
    this.#listenerPanel = new ListenerPanel({
      dashboard,
      invalidate,
      onRegister: () => this.#register(),
      onUnregister: (listener) => this.#unregister(listener),
      hidden: this.#mapPanel.canvas.hidden,
    });
    document.body.append(this.#dialog.element, this.#tokenDialog.element);
  }

  /** Goes to what the address bar says. */
  go(hash: string): void {
    this.#route = routeFrom(hash);
    const { view, machine, ramBlockId } = this.#route;
    const isElsewhere = machine !== this.#dashboard.machine || ramBlockId !== this.#dashboard.ramBlockId;
    if (view === 'memory' && machine !== null && isElsewhere) this.#dashboard.select(machine, ramBlockId);
  }

  /** What the address bar should say. */
  get hash(): string {
    const { machine, ramBlockId } = this.#dashboard;
    return routeText({ view: this.#route.view, machine, ramBlockId });
  }

  get isMemory(): boolean {
    return this.#route.view === 'memory';
  }

  render(): void {
    render(this.#template(), this.#root);
    if (this.isMemory) {
      this.#blockList.draw();
      this.#mapPanel.draw();
      this.#chartPanel.draw();
    } else if (this.#route.view === 'plans') this.#planPage.draw();
    if (this.#dashboard.connection === 'unauthorized') this.#tokenDialog.open();
  }

  /** The map alone. */
  drawMap(): void {
    if (this.isMemory) this.#mapPanel.draw();
  }

  #template(): TemplateResult {
    const { connection, trouble, listenersView } = this.#dashboard;
    return html`<header class="top">
        <h1>ram-block-attributes</h1>
        <nav aria-label="Views">
          ${this.#link('memory', 'Memory')} ${this.#link('plans', 'Plans')} ${this.#link('calls', 'Calls')}
          <a href="../docs">API</a>
        </nav>
        <span class="connection connection-${connection}" role="status">${CONNECTIONS[connection]}</span>
        <button type="button" class="small" @click=${() => this.#tokenDialog.open()}>Token…</button>
      </header>
      <main>
        ${trouble === null ? nothing : problemView(trouble, (id) => listenersView.labelOf(id))} ${this.#view()}
      </main>`;
  }

  #link(view: Route['view'], text: string): TemplateResult {
    const { machine, ramBlockId } = this.#dashboard;
    const isHere = this.#route.view === view;
    return html`<a href=${routeText({ view, machine, ramBlockId })} aria-current=${isHere ? 'page' : nothing}>${text}</a>`;
  }

  #view(): TemplateResult {
    if (this.#route.view === 'calls') return callsPage(this.#dashboard);
    if (this.#route.view === 'plans') return this.#planPage.template();
    const { block } = this.#dashboard;
    return html`<div class="memory">
      ${this.#blockList.template()}
      ${
        block === null
          ? this.#empty()
          : html`<div class="block">
            ${this.#mapPanel.template(block)}
            <div class="columns">${this.#convertPanel.template(block)} ${this.#listenerPanel.template(block)}</div>
            ${this.#chartPanel.template()} ${activityPanel(this.#dashboard)}
          </div>`
      }
    </div>`;
  }

  #empty(): TemplateResult {
    const { isLoaded, machines } = this.#dashboard;
    const isEmpty = isLoaded && machines.length === 0;
    return html`<section class="card">
      <h2>${isEmpty ? 'There is no RAM block yet' : 'Loading'}</h2>
      ${
        isEmpty
          ? html`<p>Create one here, or with the API. <code>npm run rba -- simulate</code> plays a device for it.</p>`
          : nothing
      }
    </section>`;
  }

  #register(): void {
    const { block } = this.#dashboard;
    if (block !== null) this.#dialog.open(registerListenerForm(block));
  }

  #unregister(listener: Listener): void {
    this.#dialog.open(unregisterForm(listener, this.#dashboard.listenersView.labelOf(listener.id)));
  }
}
