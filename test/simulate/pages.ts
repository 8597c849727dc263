// Pages as the simulation counts them: one byte a page, plain loops, nothing of src/core.
import type { PageRange } from '../../src/core/section.ts';

/** Bytes of a page, of every block here. */
export const PAGE = 4096;

export type Pages = Uint8Array;

/** Sets or clears `runs`. @throws Error when a run reaches beyond the pages that there can be */
export function fill(pages: Pages, runs: readonly PageRange[], value: 0 | 1): void {
  for (const { start, end } of runs) {
    if (end > pages.length) throw new Error(`pages ${start} to ${end} of a block that has ${pages.length} at most`);
    pages.fill(value, start, end);
  }
}

/** The maximal runs from `start` to `end` that are `value`. */
export function runsOf(pages: Pages, value: 0 | 1, start = 0, end = pages.length): PageRange[] {
  const runs: PageRange[] = [];
  for (let at = start; at < end; ) {
    const first = pages.indexOf(value, at);
    if (first < 0 || first >= end) break;
    const after = pages.indexOf(1 - value, first);
    at = after < 0 || after > end ? end : after;
    runs.push({ start: first, end: at });
  }
  return runs;
}

export function count(pages: Pages, start = 0, end = pages.length): number {
  return runsOf(pages, 1, start, end).reduce((sum, run) => sum + run.end - run.start, 0);
}

export function isEqual(a: Pages, b: Pages): boolean {
  return Buffer.compare(a, b) === 0;
}

/** `runs` for people: "0-4 7-8". */
export function text(runs: readonly PageRange[]): string {
  const shown = runs.slice(0, 8).map(({ start, end }) => `${start}-${end}`);
  return runs.length > shown.length ? `${shown.join(' ')} ...` : shown.join(' ');
}

/** Whether `runs` share a page with those from `start` to `end`. */
export function touches(runs: readonly PageRange[], start: number, end: number): boolean {
  return runs.some((run) => run.start < end && start < run.end);
}
