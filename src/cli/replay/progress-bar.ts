// One line on a terminal that is written over while a replay runs.

import type { ReplayProgress } from './replay.ts';
import { count, size } from './summary-text.ts';

/** Milliseconds between two drawings: enough for the eye, nothing for the replay. */
const REDRAW_INTERVAL = 100;
const BAR_WIDTH = 24;
const ERASE_LINE = '\r\x1b[K';

export interface ProgressTerminal {
  readonly columns?: number;
  write(text: string): unknown;
}

export class ProgressBar {
  readonly #terminal: ProgressTerminal;
  readonly #now: () => number;
  readonly #started: number;
  #drawnAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds since any moment */
  constructor(terminal: ProgressTerminal, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
    this.#started = now();
  }

  update(progress: ReplayProgress): void {
    const now = this.#now();
    if (now - this.#drawnAt < REDRAW_INTERVAL) return;
    this.#drawnAt = now;
    const text = progressText(progress, (now - this.#started) / 1000);
    // A line that wraps could not be erased. Some terminals say that they have 0 columns.
    this.#terminal.write(ERASE_LINE + text.slice(0, (this.#terminal.columns || 80) - 1));
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#drawnAt > Number.NEGATIVE_INFINITY) this.#terminal.write(ERASE_LINE);
  }
}

/** @param seconds since the start */
export function progressText(progress: ReplayProgress, seconds: number): string {
  const { phase, fraction, lines, conversions, refused, populatedBytes } = progress;
  const bar = fraction === null ? '' : `${barText(fraction)} `;
  if (phase === 'scan') return `${bar}reading: ${count(lines)} lines`;
  const rate = seconds > 0 ? `, ${count(Math.round(conversions / seconds))}/s` : '';
  const refusedText = refused > 0 ? `, ${count(refused)} refused` : '';
  return `${bar}${count(conversions)} conversions${rate}${refusedText}, ${size(populatedBytes)} shared`;
}

function barText(fraction: number): string {
  const done = Math.round(Math.min(fraction, 1) * BAR_WIDTH);
  const percent = Math.floor(Math.min(fraction, 1) * 100);
  return `[${'#'.repeat(done)}${'.'.repeat(BAR_WIDTH - done)}] ${String(percent).padStart(3)}%`;
}
