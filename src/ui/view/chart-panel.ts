// What happened over time in the block that is looked at.
import { html, type TemplateResult } from 'lit-html';
import { compactCount, formatBytes, formatCount } from '../model/bytes.ts';
import { latest, type Row } from '../model/history.ts';
import type { Dashboard } from '../state/dashboard.ts';
import { colours } from './colours.ts';
import { type Line, TimeChart } from './time-chart.ts';

const RANGES = [60, 180, 600] as const;
/** Listeners whose mappings are drawn. */
const MOST_LISTENERS = 4;

export class ChartPanel {
  readonly #dashboard: Dashboard;
  readonly #invalidate: () => void;
  #seconds: number = RANGES[0];
  /** What the charts were drawn of. */
  #drawn = '';
  readonly #changes = new TimeChart({ title: 'Changes a second', format: (value) => compactCount(value) });
  readonly #latency = new TimeChart({
    title: 'Callback latency, all listeners of the service',
    format: (value) => `${Number(value.toPrecision(3))} ms`,
  });
  readonly #populated = new TimeChart({ title: 'Populated', format: formatBytes, scale: 'bytes' });
  readonly #mappings = new TimeChart({ title: 'DMA mappings', format: (v) => compactCount(v), scale: 'wide' });

  constructor(dashboard: Dashboard, invalidate: () => void) {
    this.#dashboard = dashboard;
    this.#invalidate = invalidate;
  }

  template(): TemplateResult {
    const choose = ({ target }: Event) => {
      if (target instanceof HTMLSelectElement) this.#seconds = Number(target.value);
      this.#invalidate();
    };
    return html`<section class="card charts" aria-labelledby="charts-title">
      <div class="card-head">
        <h2 id="charts-title">Over time</h2>
        <label>
          Last
          <select @change=${choose}>
            ${RANGES.map((seconds) => html`<option value=${seconds}>${seconds / 60} min</option>`)}
          </select>
        </label>
      </div>
      <div class="chart-grid">
        ${this.#changes.element} ${this.#latency.element} ${this.#populated.element} ${this.#mappings.element}
      </div>
    </section>`;
  }

  /** Draws anew with every row, and when there is another place, colour or listener to draw with. */
  draw(): void {
    const { history, ramBlockId, listenersView } = this.#dashboard;
    if (ramBlockId === null) return;
    const rows = latest(history.rowsOf(ramBlockId), this.#seconds);
    const { clientWidth } = this.#changes.element;
    const ids = listenersView.listeners.map(({ id }) => id);
    const drawn = [ramBlockId, rows.at(-1)?.at, this.#seconds, clientWidth, colours().text, ...ids].join(' ');
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const until = rows.at(-1)?.at ?? Date.now() / 1000;
    const times = rows.map(({ at }) => at);
    const { lines, bad, shared } = colours();
    const of = (name: string, colour: string, kind: Line['kind'], value: (row: Row) => number | null): Line => ({
      name,
      colour,
      kind,
      values: rows.map(value),
    });
    this.#changes.draw(
      times,
      [
        of('committed', String(lines[0]), 'line', ({ committed }) => committed),
        of('refused', bad, 'line', ({ refused }) => refused),
        of('failed otherwise', String(lines[2]), 'dashed', ({ failed }) => failed),
      ],
      until,
      this.#seconds,
    );
    this.#populated.draw(
      times,
      [of('populated', shared, 'area', ({ populatedBytes }) => populatedBytes)],
      until,
      this.#seconds,
    );
    this.#mappings.draw(times, this.#mappingLines(rows), until, this.#seconds);
    const latencies = latest(history.latencies, this.#seconds);
    this.#latency.draw(
      latencies.map(({ at }) => at),
      [
        { name: 'p50', colour: String(lines[0]), kind: 'line', values: latencies.map(({ p50 }) => p50) },
        { name: 'p99', colour: String(lines[1]), kind: 'line', values: latencies.map(({ p99 }) => p99) },
      ],
      until,
      this.#seconds,
    );
  }

  /** Of each listener: what it needs a page (at its granularity) and a run, and what it may have. */
  #mappingLines(rows: readonly Row[]): Line[] {
    const { listenersView } = this.#dashboard;
    const { lines, bad } = colours();
    return listenersView.listeners.slice(0, MOST_LISTENERS).flatMap(({ id, dmaMaxMappings }, index) => {
      const colour = String(lines[index]);
      const label = listenersView.labelOf(id);
      const drawn: Line[] = [
        {
          name: `${label} per page`,
          colour,
          kind: 'line',
          values: rows.map((row) => row.listeners[id]?.mappings ?? null),
        },
        {
          name: `${label} per run`,
          colour,
          kind: 'dashed',
          values: rows.map((row) => row.listeners[id]?.runs ?? null),
        },
      ];
      if (dmaMaxMappings === null) return drawn;
      const limit = { name: `${label} limit`, text: formatCount(dmaMaxMappings), kind: 'limit' as const };
      return [...drawn, { ...limit, colour: bad, values: rows.map(() => dmaMaxMappings) }];
    });
  }
}
