// A plan as a drawing: DMA mappings over time above, pinned memory below. Pure: a plan to SVG that needs nothing else.
import type { Plan, PlanTracking, TrackingName } from '../../planner/plan.ts';
import { count, size } from '../replay/summary-text.ts';
import { timeText, trackingText } from './words.ts';

const WIDTH = 960;
const LEFT = 100;
const RIGHT = 150;
const PANEL = 250;
const TOP = 64;
const BETWEEN = 70;
const HEIGHT = TOP + 2 * PANEL + BETWEEN + 50;
const PLOT = WIDTH - LEFT - RIGHT;

/** Told apart by those who see no colours, too: the dashes differ. */
const STROKES: Readonly<Record<TrackingName, string>> = {
  page: 'stroke="#0072b2"',
  run: 'stroke="#009e73" stroke-dasharray="1 3"',
  '64KiB': 'stroke="#e69f00" stroke-dasharray="8 3"',
  '2MiB': 'stroke="#cc79a7" stroke-dasharray="4 2"',
  '1GiB': 'stroke="#000000" stroke-dasharray="12 3 2 3"',
};
const LIMIT_STROKE = 'stroke="#d00000" stroke-width="1"';

/** Where a value lies in a panel, 0 at its bottom to 1 at its top; and what is written beside it. */
interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
}

/** @param trace its name */
export function planSvg(trace: string, plan: Plan): string {
  const { trackings, limit, ramBytes } = plan;
  const mappings = logarithmic(Math.max(limit, ...trackings.map((one) => one.mappings.peak)));
  const pinned = linear(Math.max(ramBytes, ...trackings.map((one) => one.pinned.peakBytes)));
  const second = TOP + PANEL + BETWEEN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(`What ${trace} needs`)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 24, `${trace}: ${count(plan.conversions.total)} conversions`, 'font-size="16" font-weight="bold"'),
    text(LEFT, TOP - 12, 'DMA mappings', 'font-weight="bold"'),
    ...panel(plan, TOP, mappings, (one) => one.mappings.series),
    ...line(TOP, mappings, limit, `limit ${count(limit)}`),
    text(LEFT, second - 12, 'Pinned memory', 'font-weight="bold"'),
    ...panel(plan, second, pinned, (one) => one.pinned.series),
    ...line(second, pinned, ramBytes, `all RAM ${size(ramBytes)}`),
    ...legend(plan),
    '</svg>',
    '',
  ].join('\n');
}

function panel(plan: Plan, top: number, scale: Scale, seriesOf: (one: PlanTracking) => readonly number[]): string[] {
  const bottom = top + PANEL;
  const grid = scale.ticks.flatMap(({ value, text: label }) => {
    const y = number(bottom - PANEL * scale.at(value));
    return [
      `<path d="M${LEFT} ${y}H${LEFT + PLOT}" stroke="#ddd" fill="none"/>`,
      text(LEFT - 8, y + 4, label, 'text-anchor="end"'),
    ];
  });
  const seconds = plan.clock.unit === 'seconds';
  const steps = Math.max(1, plan.trackings[0]?.mappings.series.length ?? 1);
  const times = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const value = share * steps * plan.step;
    const label = seconds ? timeText(value) : `${count(Math.round(value))}${share === 1 ? ' conversions' : ''}`;
    return text(LEFT + share * PLOT, bottom + 18, label, 'text-anchor="middle"');
  });
  const curves = plan.trackings.map((tracking) => {
    const points = stairs(seriesOf(tracking), steps, (value) => bottom - PANEL * scale.at(value));
    return `<path d="${points}" ${STROKES[tracking.tracking]} stroke-width="1.5" fill="none"/>`;
  });
  return [
    ...grid,
    ...times,
    `<path d="M${LEFT} ${top}V${bottom}H${LEFT + PLOT}" stroke="#444" fill="none"/>`,
    ...curves,
  ];
}

/** A horizontal stroke for each step. */
function stairs(series: readonly number[], steps: number, y: (value: number) => number): string {
  const width = PLOT / steps;
  const path = series.map((value, index) => `V${number(y(value))}H${number(LEFT + (index + 1) * width)}`);
  return `M${LEFT} ${number(y(0))}${path.join('')}`;
}

function line(top: number, scale: Scale, value: number, label: string): string[] {
  const y = number(top + PANEL * (1 - scale.at(value)));
  return [
    `<path d="M${LEFT} ${y}H${LEFT + PLOT}" ${LIMIT_STROKE} fill="none"/>`,
    text(LEFT + PLOT + 6, y + 4, label, 'fill="#d00000"'),
  ];
}

function legend({ trackings }: Plan): string[] {
  return trackings.flatMap(({ tracking, mappings, pinned }, index) => {
    // Beside the lower panel, where the only other text is at the top.
    const y = TOP + PANEL + BETWEEN + 70 + index * 36;
    const x = LEFT + PLOT + 12;
    return [
      `<path d="M${x} ${y}h24" ${STROKES[tracking]} stroke-width="2" fill="none"/>`,
      text(x + 30, y + 4, trackingText(tracking)),
      text(x + 30, y + 18, `${count(mappings.peak)}, ${size(pinned.peakBytes)}`, 'fill="#555" font-size="10"'),
    ];
  });
}

/** Mappings differ by powers of ten between one tracking and another; 0 is at the bottom, with 1 a step above it. */
function logarithmic(most: number): Scale {
  const decades = Math.ceil(Math.log10(Math.max(10, most * 1.05)));
  const ticks = Array.from({ length: decades + 1 }, (_, power) => ({ value: 10 ** power, text: count(10 ** power) }));
  const at = (value: number) => (value <= 0 ? 0 : (1 + Math.log10(value)) / (1 + decades));
  return { at, ticks: [{ value: 0, text: '0' }, ...ticks] };
}

function linear(most: number): Scale {
  const top = Math.max(most * 1.02, 4096);
  // The largest power of two that gives at least three steps.
  const step = 2 ** Math.floor(Math.log2(top / 3));
  const steps = Math.floor(top / step);
  const ticks = Array.from({ length: steps + 1 }, (_, index) => ({ value: index * step, text: size(index * step) }));
  return { at: (value) => value / top, ticks };
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const space = attributes === '' ? '' : ' ';
  return `<text x="${number(x)}" y="${number(y)}"${space}${attributes}>${escaped(content)}</text>`;
}

/** What no XML may hold is left out, too. */
function escaped(content: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  return content.replaceAll(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '?').replaceAll(/[&<>]/g, (one) => entities[one] ?? one);
}

function number(value: number): number {
  return Math.round(value * 100) / 100;
}
