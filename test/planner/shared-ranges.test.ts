// The parts of a plan that are clever, against ones that are not.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HotPieces } from '../../src/planner/hot-pieces.ts';
import { PlannedBlock } from '../../src/planner/planned-block.ts';
import { SharedRanges } from '../../src/planner/shared-ranges.ts';
import { GIB } from './planning.ts';

const PAGES = 64;

/** Ranges of one moment each, from an array of moments. */
function rangesOf(since: readonly (number | null)[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const [page, moment] of since.entries()) {
    const last = ranges.at(-1);
    if (moment === null) continue;
    if (last !== undefined && page > 0 && since[page - 1] === moment) last[0]++;
    else ranges.push([1, moment]);
  }
  return ranges;
}

describe('SharedRanges', () => {
  const someChange = fc.tuple(
    fc.nat({ max: PAGES - 1 }),
    fc.integer({ min: 1, max: PAGES }),
    fc.boolean(),
    fc.nat({ max: 1 }),
  );

  it('says of what ends since when it was shared', () => {
    fc.assert(
      fc.property(fc.array(someChange, { maxLength: 60 }), fc.constantFrom(1, 2, 3, 256), (changes, maxLeaf) => {
        const ranges = new SharedRanges(maxLeaf);
        const model: (number | null)[] = Array.from({ length: PAGES }, () => null);
        let now = 0;
        for (const [start, size, share, wait] of changes) {
          now += wait;
          const end = Math.min(start + size, PAGES);
          if (share) {
            // Only what is private turns shared, run by run.
            for (let page = start; page < end; page++) {
              const from = page;
              while (page < end && model[page] === null) model[page++] = now;
              if (page > from) ranges.add({ start: from, end: page }, now);
            }
          } else {
            const ended: [number, number][] = [];
            ranges.remove({ start, end }, (pages, since) => ended.push([pages, since]));
            expect(ended).toEqual(rangesOf(model.map((since, page) => (page >= start && page < end ? since : null))));
            model.fill(null, start, end);
          }
          const all: [number, number][] = [];
          ranges.forEach((pages, since) => {
            all.push([pages, since]);
          });
          expect(all).toEqual(rangesOf(model));
          expect(ranges.size).toBeGreaterThanOrEqual(all.length);
        }
      }),
    );
  });
});

describe('HotPieces', () => {
  const block = new PlannedBlock('ram', 0, 16 * GIB);
  const inPiece = (piece: number) => [{ start: 512 * piece, end: 512 * piece + 1 }];

  it('forgets the coldest pieces when there are too many, and says so', () => {
    const hot = new HotPieces(10);
    for (let times = 0; times < 5; times++) for (const piece of [3, 7]) hot.note(block, inPiece(piece));
    expect(hot.exact).toBe(true);
    for (let piece = 100; piece < 130; piece++) hot.note(block, inPiece(piece));
    expect(hot.exact).toBe(false);
    expect(hot.top(2).map(({ offset, conversions }) => [offset / 512 / 4096, conversions])).toEqual([
      [3, 5],
      [7, 5],
    ]);
    expect(hot.top(100).length).toBeLessThanOrEqual(10);
  });

  it('does not count runs of more than 1 GiB, for they say nothing of their pieces', () => {
    const hot = new HotPieces();
    hot.note(block, [{ start: 0, end: 2 ** 18 + 1 }]);
    expect(hot.top(1)).toEqual([]);
    hot.note(block, [{ start: 0, end: 2 ** 18 }]);
    expect(hot.top(1000)).toHaveLength(512);
  });
});
