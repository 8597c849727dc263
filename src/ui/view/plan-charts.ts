// A plan over the time of its trace: DMA mappings against the limit, and memory that is pinned against all there is.
import { html, type TemplateResult } from 'lit-html';
import { compactCount, formatBytes, formatCount } from '../model/bytes.ts';
import { durationText, type Plan, type PlanTracking, trackingText } from '../model/plan.ts';
import { colours } from './colours.ts';
import { type Line, TimeChart } from './time-chart.ts';

export class PlanCharts {
  #plan: Plan | null = null;
  readonly #mappings = new TimeChart({
    title: 'DMA mappings',
    format: (value) => compactCount(value),
    scale: 'wide',
    timeText: (at) => this.#timeText(at),
  });
  readonly #pinned = new TimeChart({
    title: 'Pinned memory',
    format: formatBytes,
    scale: 'bytes',
    timeText: (at) => this.#timeText(at),
  });

  template(): TemplateResult {
    return html`<div class="chart-grid">${this.#mappings.element} ${this.#pinned.element}</div>`;
  }

  draw(plan: Plan): void {
    this.#plan = plan;
    const { trackings, step, clock, limit, ramBytes } = plan;
    const steps = trackings[0]?.mappings.series.length ?? 0;
    const times = Array.from({ length: steps }, (_, index) => index * step);
    const length = Math.max(clock.duration, step);
    const { bad, muted } = colours();
    const mappings = this.#lines(trackings, ({ mappings: { series } }) => series);
    const allowed = {
      name: 'limit',
      text: formatCount(limit),
      colour: bad,
      kind: 'limit',
      values: times.map(() => limit),
    } as const;
    this.#mappings.draw(times, [...mappings, allowed], length, length);
    // Run by run pins what page by page does.
    const pinning = trackings.filter(({ granularity }) => granularity !== null);
    const pinned = this.#lines(pinning, ({ pinned: { series } }) => series);
    const all = { name: 'all RAM', colour: muted, kind: 'limit', values: times.map(() => ramBytes) } as const;
    this.#pinned.draw(times, [...pinned, all], length, length);
  }

  #lines(trackings: readonly PlanTracking[], seriesOf: (tracking: PlanTracking) => readonly number[]): Line[] {
    const { lines } = colours();
    return trackings.map((tracking, index) => ({
      name: trackingText(tracking),
      colour: String(lines[index % lines.length]),
      kind: index < lines.length ? 'line' : 'dashed',
      values: seriesOf(tracking),
    }));
  }

  #timeText(at: number): string {
    return this.#plan === null ? '' : durationText(this.#plan, at);
  }
}
