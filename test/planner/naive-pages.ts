// The pages of a RAM block as the slow and obvious plan has them: an array, looked through as a whole.

import { PIECE_SIZES } from '../../src/planner/plan.ts';
import type { TraceEvent } from '../../src/traces/trace-event.ts';

export const PAGE = 4096;

export interface Block {
  readonly idstr: string;
  readonly gpa: number | null;
  /** Of each page since when it is shared; null while it is private. */
  readonly pages: (number | null)[];
  sequence: number;
  generation: number;
}

export type Lifetime = { readonly age: number; readonly bytes: number };

/** In ticks. */
export function timeOf(event: TraceEvent, before: readonly TraceEvent[], last: number): number {
  const [first = event] = before;
  if (first.time === null) return before.length;
  if (event.time === null || event.time.clock !== first.time.clock) return last;
  return Math.max(last, Math.round((event.time.seconds - first.time.seconds) * 1e6));
}

export function footprint(blocks: readonly Block[]) {
  const shared = blocks.map(({ pages }) => runsOf(pages.length, (page) => pages[page] !== null));
  const pages = shared.flat().reduce((sum, { start, end }) => sum + end - start, 0);
  const mappings = [pages, shared.flat().length];
  const pinned = [pages * PAGE, pages * PAGE];
  for (const bytes of PIECE_SIZES) {
    let [count, held] = [0, 0];
    for (const [index, { pages: all }] of blocks.entries()) {
      const pieces = new Set((shared[index] ?? []).flatMap(({ start, end }) => piecesOf(start, end, bytes / PAGE)));
      count += pieces.size;
      for (const piece of pieces) held += Math.min(bytes, all.length * PAGE - piece * bytes);
    }
    mappings.push(count);
    pinned.push(held);
  }
  return { mappings, pinned };
}

export interface Run {
  readonly start: number;
  readonly end: number;
}

export function runsOf(length: number, has: (page: number) => boolean): Run[] {
  const runs: Run[] = [];
  for (let page = 0; page < length; page++) {
    if (!has(page)) continue;
    const start = page;
    while (page < length && has(page)) page++;
    runs.push({ start, end: page });
  }
  return runs;
}

export function piecesOf(start: number, end: number, pages: number): number[] {
  return Array.from({ length: end - start }, (_, index) => Math.floor((start + index) / pages));
}

/** The pages of `block` among `places`, in the order of their addresses: a new part wherever the page does not follow. */
export function partsOf(places: readonly { block: Block; page: number }[], block: Block): Run[] {
  const parts: Run[] = [];
  let previous: { block: Block; page: number } | undefined;
  for (const place of places) {
    const last = parts.at(-1);
    if (place.block === block) {
      const follows = last !== undefined && previous?.block === block && place.page === last.end;
      if (follows) parts[parts.length - 1] = { start: last.start, end: place.page + 1 };
      else parts.push({ start: place.page, end: place.page + 1 });
    }
    previous = place;
  }
  return parts;
}

/** What ends with `runs`: pages that are next to each other and of one moment. */
export function ended(runs: readonly Run[], old: readonly (number | null)[], at: number): Lifetime[] {
  return runs.flatMap(({ start, end }) => {
    const inRun = old.map((since, page) => (page >= start && page < end ? since : null));
    return endedRuns(inRun).map((run) => ({ age: at - (old[run.start] ?? 0), bytes: (run.end - run.start) * PAGE }));
  });
}

export function endedRuns(since: readonly (number | null)[]): Run[] {
  const runs: Run[] = [];
  for (const [page, moment] of since.entries()) {
    if (moment === null) continue;
    const last = runs.at(-1);
    if (last?.end === page && since[last.start] === moment)
      runs[runs.length - 1] = { start: last.start, end: page + 1 };
    else runs.push({ start: page, end: page + 1 });
  }
  return runs;
}

export function bodyOf(block: Block, populate: boolean, runs: readonly Run[]): Buffer {
  const id = 'a'.repeat(28);
  const sections = runs.map(({ start, end }) => ({
    offsetWithinRegion: start * PAGE,
    size: (end - start) * PAGE,
    offsetWithinAddressSpace: (block.gpa ?? 0) + start * PAGE,
  }));
  const { idstr, sequence, generation } = block;
  const body = {
    type: populate ? 'ram_block.populate' : 'ram_block.discard',
    timestamp: new Date(0).toISOString(),
    data: {
      ...{ ramBlockId: id, listenerId: id, machine: 'default', idstr },
      ...{ sequence, settledThrough: sequence - 1, generation, granularity: PAGE },
      ...{ reason: 'conversion', conversionId: id, sections },
    },
  };
  return Buffer.from(JSON.stringify(body));
}
