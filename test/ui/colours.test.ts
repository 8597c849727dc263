// The colours of the style sheet: states are told apart by eyes of every kind, and text can be read.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const sheet = readFileSync(new URL('../../src/ui/style.css', import.meta.url), 'utf8');
const [light = '', rest = ''] = sheet.split('@media (prefers-color-scheme: dark)');
const dark = rest.split('\n}\n')[0] ?? '';
const variables = (text: string) =>
  new Map([...text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, n, v]) => [n, v]));
const lightColours = variables(light);
const SCHEMES = [
  ['light', lightColours],
  ['dark', new Map([...lightColours, ...variables(dark)])],
] as const;

type Triple = [number, number, number];

/** How eyes see linear red, green and blue: Machado, Oliveira and Fernandes (2009), at full severity. */
const EYES: Record<string, [Triple, Triple, Triple]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function linear(colour: string): Triple {
  const part = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

const dot = (a: Triple, b: Triple): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

function seen(colour: string, eyes: string): Triple {
  const rgb = linear(colour);
  const [r, g, b] = EYES[eyes] ?? [rgb, rgb, rgb];
  return [r, g, b].map((row) => Math.min(1, Math.max(0, dot(row, rgb)))) as Triple;
}

/** CIE 1976 L*a*b*, where distance is about how different two colours look. */
function lab(rgb: Triple): Triple {
  const f = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f(dot([0.4124, 0.3576, 0.1805], rgb) / 0.95047);
  const y = f(dot([0.2126, 0.7152, 0.0722], rgb));
  const z = f(dot([0.0193, 0.1192, 0.9505], rgb) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const colourOf = (colours: ReadonlyMap<string | undefined, string | undefined>, name: string) => {
  const value = colours.get(name);
  if (value === undefined) throw new Error(`the style sheet has no --${name}`);
  return value;
};

/** The ratio of WCAG 2. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string): number => dot([0.2126, 0.7152, 0.0722], linear(colour)) + 0.05;
  const [lighter = 1, darker = 1] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return lighter / darker;
}

describe.each(SCHEMES)('%s', (_name, colours) => {
  it.each(Object.keys(EYES))('states and what is stale look different to eyes with %s', (eyes) => {
    const names = ['shared', 'private', 'discarded', 'stale'];
    const points = names.map((name) => lab(seen(colourOf(colours, name), eyes)));
    for (const [n, a] of points.entries()) {
      for (const b of points.slice(n + 1)) {
        expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThanOrEqual(29);
      }
    }
  });

  it.each([
    ['text', 'surface'],
    ['text', 'bg'],
    ['muted', 'surface'],
    ['muted', 'bg'],
    ['bad', 'surface'],
    ['bad', 'bad-surface'],
    ['text', 'bad-surface'],
    ['muted', 'bad-surface'],
    ['good', 'surface'],
    ['warn', 'surface'],
    ['on-accent', 'accent'],
  ])('%s can be read on %s', (text, surface) => {
    expect(contrast(colourOf(colours, text), colourOf(colours, surface))).toBeGreaterThanOrEqual(4.5);
  });
});
