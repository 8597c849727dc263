import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countMappings, countMappingsIn, countNewMappings } from '../../src/core/dma-mappings.ts';
import { PageBitmap } from '../../src/core/page-bitmap.ts';
import type { PageRange } from '../../src/core/section.ts';

const PAGE = 4096;
const LENGTH = 64;

const someRuns = fc.uniqueArray(fc.nat(LENGTH - 1)).map((pages) => runsOf(new Set(pages)));
const someGranularity = fc.constantFrom(4096, 8192, 16_384, 65_536, 2 ** 20);
const somePageSize = fc.constantFrom(PAGE, 4 * PAGE);
const someWindow = fc
  .tuple(fc.nat(LENGTH), fc.nat(LENGTH))
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));

function runsOf(pages: ReadonlySet<number>): PageRange[] {
  const bitmap = new PageBitmap(LENGTH);
  for (const page of pages) bitmap.set({ start: page, end: page + 1 });
  return [...bitmap.allRuns(true)];
}

/** The pieces that the pages touch, byte by byte of the smallest unit. */
function pieces(runs: readonly PageRange[], pageSize: number, granularity: number): Set<number> {
  const touched = new Set<number>();
  for (const { start, end } of runs) {
    for (let at = start * pageSize; at < end * pageSize; at += 4096) touched.add(Math.floor(at / granularity));
  }
  return touched;
}

describe('counting DMA mappings', () => {
  it('counts each aligned piece that a run touches once', () => {
    fc.assert(
      fc.property(someRuns, somePageSize, someGranularity, (runs, pageSize, granularity) => {
        expect(countMappings(runs, pageSize, granularity)).toBe(pieces(runs, pageSize, granularity).size);
      }),
    );
  });

  it('counts those of a window without its runs as with them', () => {
    fc.assert(
      fc.property(someRuns, someWindow, somePageSize, someGranularity, (runs, window, pageSize, granularity) => {
        const populated = new PageBitmap(LENGTH);
        for (const run of runs) populated.set(run);
        const expected = countMappings(populated.runs(window, true), pageSize, granularity);
        expect(countMappingsIn(populated, window, pageSize, granularity)).toBe(expected);
      }),
    );
  });

  it('counts as new only what no populated page of the window touches yet', () => {
    fc.assert(
      fc.property(
        someRuns,
        someRuns,
        someWindow,
        somePageSize,
        someGranularity,
        (before, added, window, pageSize, granularity) => {
          const populated = new PageBitmap(LENGTH);
          for (const run of before) populated.set(run);
          // Only pages of the window that are not populated yet can be added.
          const fresh = added.flatMap((run) => [...populated.runs(cutTo(run, window), false)]);
          const held = pieces([...populated.runs(window, true)], pageSize, granularity);
          const expected = [...pieces(fresh, pageSize, granularity)].filter((piece) => !held.has(piece)).length;
          expect(countNewMappings(populated, window, fresh, pageSize, granularity)).toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function cutTo(run: PageRange, window: PageRange): PageRange {
  const start = Math.max(run.start, window.start);
  return { start, end: Math.max(start, Math.min(run.end, window.end)) };
}
