// One chart over time (uPlot on a canvas), with a legend of its own that says the last values in words.
import uPlot from 'uplot';
import { colours } from './colours.ts';

export interface Line {
  readonly name: string;
  readonly colour: string;
  readonly kind: 'line' | 'dashed' | 'limit' | 'area';
  readonly values: readonly (number | null)[];
  /** What the legend says in the place of the last value. */
  readonly text?: string;
}

export interface TimeChartOptions {
  readonly title: string;
  readonly format: (value: number) => string;
  /** wide: small and large values side by side, each in its decade. */
  readonly scale?: 'decimal' | 'bytes' | 'wide';
  /** What a moment is called, where it is no time of day. */
  readonly timeText?: (at: number) => string;
}

const HEIGHT = 150;
const POWERS_OF_TWO = Array.from({ length: 53 }, (_, power) => 2 ** power);
const DECADES = [0, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000];

export class TimeChart {
  readonly element = document.createElement('figure');
  readonly #options: TimeChartOptions;
  readonly #caption = document.createElement('figcaption');
  readonly #plotPlace = document.createElement('div');
  readonly #legend = document.createElement('ul');
  #plot: uPlot | null = null;
  /** Of the lines that the plot was made for. */
  #madeFor = '';

  constructor(options: TimeChartOptions) {
    this.#options = options;
    this.element.className = 'chart';
    this.#caption.textContent = options.title;
    this.#legend.className = 'chart-legend';
    // The legend has it in words.
    this.#plotPlace.setAttribute('aria-hidden', 'true');
    this.element.append(this.#caption, this.#plotPlace, this.#legend);
  }

  /** @param times seconds since the epoch @param until the right end @param seconds that are shown */
  draw(times: readonly number[], lines: readonly Line[], until: number, seconds: number): void {
    const width = this.#plotPlace.clientWidth;
    if (width === 0) return;
    const key = JSON.stringify([colours(), ...lines.map(({ name, colour, kind }) => [name, colour, kind])]);
    if (key !== this.#madeFor) {
      this.#plot?.destroy();
      this.#plot = this.#make(lines, width);
      this.#madeFor = key;
    }
    const plot = this.#plot;
    if (plot === null) return;
    if (plot.width !== width) plot.setSize({ width, height: HEIGHT });
    plot.batch(() => {
      plot.setData([[...times], ...lines.map(({ values }) => [...values])], false);
      plot.setScale('x', { min: until - seconds, max: until });
    });
    this.#say(lines);
  }

  #make(lines: readonly Line[], width: number): uPlot {
    const { grid, muted } = colours();
    const line = { stroke: grid, width: 1 };
    const axis: uPlot.Axis = { stroke: muted, grid: line, ticks: line, font: '11px system-ui, sans-serif' };
    const { format, scale = 'decimal' } = this.#options;
    const isWide = scale === 'wide';
    return new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: this.#options.timeText === undefined },
          // From nought to a little more than there is, so that a flat line is not on the frame.
          y: { distr: isWide ? 4 : 1, range: (_plot, _min, max) => [0, max > 0 ? max * (isWide ? 2 : 1.1) : 1] },
        },
        axes: [
          { ...axis, space: 90, values: (_plot, at) => at.map(this.#options.timeText ?? timeOfDay) },
          {
            ...axis,
            size: 64,
            space: 28,
            values: (_plot, splits) => splits.map((value) => (value === null ? '' : format(value))),
            ...(scale === 'bytes' ? { incrs: POWERS_OF_TWO } : {}),
            ...(isWide ? { splits: (_plot, _axis, _min, max) => DECADES.filter((value) => value <= max) } : {}),
          },
        ],
        series: [
          {},
          ...lines.map(({ name, colour, kind }) => ({
            label: name,
            stroke: colour,
            width: kind === 'limit' ? 1.5 : 2,
            points: { show: false },
            ...(kind === 'dashed' ? { dash: [6, 4] } : {}),
            ...(kind === 'limit' ? { dash: [2, 3] } : {}),
            ...(kind === 'area' ? { fill: `${colour}44` } : {}),
          })),
        ],
      },
      [[], ...lines.map(() => [])],
      this.#plotPlace,
    );
  }

  #say(lines: readonly Line[]): void {
    const { format } = this.#options;
    this.#legend.replaceChildren(
      ...lines.map(({ name, colour, kind, values, text }) => {
        const item = document.createElement('li');
        const mark = document.createElement('span');
        mark.className = `mark mark-${kind}`;
        mark.style.borderColor = colour;
        const value = document.createElement('b');
        const last = values.at(-1) ?? null;
        value.textContent = text ?? (last === null ? 'none' : format(last));
        item.append(mark, `${name} `, value);
        return item;
      }),
    );
  }
}

function timeOfDay(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString('en-GB', { hour12: false });
}
