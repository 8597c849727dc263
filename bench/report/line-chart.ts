// Line charts as SVG, several panels beside each other: what the documentation shows of how cost grows. No library: text,
// axes and lines are all that is needed.

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Panel {
  readonly title: string;
  /** How a value of the x axis, which is logarithmic, is written. */
  readonly label: (x: number) => string;
  /** Ascending in x, which is above 0. */
  readonly points: readonly Point[];
  /** Drawn as a dashed line. */
  readonly yardstick: number;
}

export interface Chart {
  readonly title: string;
  /** Of the y axis. */
  readonly unit: string;
  readonly yardstickName: string;
  readonly panels: readonly Panel[];
}

const PANEL = { width: 380, height: 240, left: 56, top: 44, right: 28, bottom: 36 };
const COLUMNS = 2;
const HEADER = 36;
const LINE = '#1f6feb';
const GREY = '#6e7781';

export function lineChart({ title, unit, yardstickName, panels }: Chart): string {
  const width = COLUMNS * PANEL.width;
  const height = HEADER + Math.ceil(panels.length / COLUMNS) * PANEL.height;
  const drawn = panels.map((panel, index) => {
    const x = (index % COLUMNS) * PANEL.width;
    const y = HEADER + Math.floor(index / COLUMNS) * PANEL.height;
    return `<g transform="translate(${x} ${y})">\n${drawPanel(panel, unit)}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(16, 24, title, 'font-size="14" font-weight="600"'),
    text(width - 16, 24, `- - - ${yardstickName}`, `text-anchor="end" fill="${GREY}"`),
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ title, label, points, yardstick }: Panel, unit: string): string {
  const { width, height, left, top, right, bottom } = PANEL;
  const xs = points.map(({ x }) => Math.log(x));
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const step = niceStep(Math.max(yardstick, ...points.map(({ y }) => y)) * 1.1);
  const steps = Math.ceil((Math.max(yardstick, ...points.map(({ y }) => y)) * 1.1) / step);
  const across = (x: number) => left + ((Math.log(x) - low) / (high - low || 1)) * (width - left - right);
  const up = (y: number) => height - bottom - (y / (steps * step)) * (height - top - bottom);
  const ticks = Array.from({ length: steps + 1 }, (_, n) => n * step);
  const path = points.map(({ x, y }) => `${round(across(x))},${round(up(y))}`).join(' ');
  return [
    text(left, 22, title, 'font-weight="600"'),
    ...ticks.flatMap((y) => [
      `<line x1="${left}" x2="${width - right}" y1="${round(up(y))}" y2="${round(up(y))}" stroke="#d0d7de" stroke-width="0.5"/>`,
      text(left - 6, up(y) + 4, `${Number(y.toPrecision(3))} ${unit}`, `text-anchor="end" fill="${GREY}"`),
    ]),
    ...points.map(({ x }) => text(across(x), height - bottom + 16, label(x), `text-anchor="middle" fill="${GREY}"`)),
    `<line x1="${left}" x2="${width - right}" y1="${round(up(yardstick))}" y2="${round(up(yardstick))}" stroke="${GREY}" stroke-dasharray="4 3"/>`,
    `<polyline points="${path}" fill="none" stroke="${LINE}" stroke-width="1.5"/>`,
    ...points.map(({ x, y }) => `<circle cx="${round(across(x))}" cy="${round(up(y))}" r="2.5" fill="${LINE}"/>`),
  ].join('\n');
}

/** 1, 2 or 5 times a power of ten: about four of them make up `most`. */
function niceStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  return ([1, 2, 5, 10].find((factor) => factor * power >= most / 4) ?? 10) * power;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
