// What a cell holds, out of the counts of the sources; and the bar that shows it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barOf, cellCounts, stateOf } from '../../src/ui/model/page-states.ts';

/** Some pages, in RamBlockAttributes and in other sources: what is known of them, and what is true of them. */
const worlds = fc
  .record({ pages: fc.integer({ min: 1, max: 40 }), others: fc.integer({ min: 0, max: 3 }) })
  .chain(({ pages, others }) => {
    const bits = fc.array(fc.boolean(), { minLength: pages, maxLength: pages });
    return fc.record({ attributes: bits, others: fc.array(bits, { minLength: others, maxLength: others }) });
  })
  .map(({ attributes, others }) => {
    const inAll = (page: number) => others.every((bits) => bits[page]);
    const count = (is: (page: number) => boolean | undefined) => attributes.filter((_, page) => is(page)).length;
    return {
      counts: cellCounts({
        pages: attributes.length,
        populated: count((page) => attributes[page] && inAll(page)),
        attributes: count((page) => attributes[page]),
        others: others.map((bits) => count((page) => bits[page])),
      }),
      shared: count((page) => attributes[page] && inAll(page)),
      discarded: count((page) => !inAll(page)),
      sources: others.length,
    };
  });

describe('the counts of a cell', () => {
  it('are true: exactly, or as bounds that say so', () => {
    fc.assert(
      fc.property(worlds, ({ counts, shared, discarded, sources }) => {
        expect(counts.shared).toBe(shared);
        expect(counts.shared + counts.discarded + counts.private).toBe(counts.pages);
        expect(counts.discarded).toBeLessThanOrEqual(discarded);
        if (counts.isExact) expect(counts.discarded).toBe(discarded);
        // One other source, or one page, leave nothing open.
        if (sources < 2 || counts.pages === 1) expect(counts.isExact).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('without RamBlockAttributes are populated or discarded', () => {
    const counts = cellCounts({ pages: 10, populated: 7, attributes: null, others: [] });
    expect(counts).toEqual({ pages: 10, shared: 7, discarded: 3, private: 0, isExact: true });
  });

  it('of sources that were read at different moments still add up', () => {
    const counts = cellCounts({ pages: 10, populated: 8, attributes: 2, others: [3] });
    expect(counts.shared + counts.discarded + counts.private).toBe(10);
    expect(Math.min(counts.shared, counts.discarded, counts.private)).toBeGreaterThanOrEqual(0);
  });

  it.each([
    [{ pages: 4, shared: 4, discarded: 0, private: 0 }, 'shared'],
    [{ pages: 4, shared: 0, discarded: 0, private: 4 }, 'private'],
    [{ pages: 4, shared: 0, discarded: 4, private: 0 }, 'discarded by another source'],
    [{ pages: 4, shared: 1, discarded: 0, private: 3 }, 'mixture'],
  ])('%o are %s', (counts, state) => {
    expect(stateOf({ ...counts, isExact: true })).toBe(state);
  });
});

describe('the bar of a cell', () => {
  const cells = fc
    .tuple(fc.nat(2 ** 30), fc.nat(2 ** 30), fc.nat(2 ** 30))
    .filter((counts) => counts.some((count) => count > 0))
    .map(([shared, discarded, hidden]) => {
      return { pages: shared + discarded + hidden, shared, discarded, private: hidden, isExact: true };
    });

  it('is as high as it is to be, shows all that is there and nothing that is not', () => {
    fc.assert(
      fc.property(cells, fc.integer({ min: 8, max: 40 }), (counts, height) => {
        const bar = barOf(counts, height);
        expect(bar.shared + bar.discarded + bar.private).toBe(height);
        for (const state of ['shared', 'discarded', 'private'] as const) {
          expect(bar[state] > 0).toBe(counts[state] > 0);
        }
      }),
    );
  });

  it.each([
    [1, 2],
    [500, 10],
    [250, 5],
    [999, 18],
    [1000, 20],
  ])('of 1000 pages with %i shared has %i of 20 pixels of them', (shared, pixels) => {
    const counts = { pages: 1000, shared, discarded: 0, private: 1000 - shared, isExact: true };
    const { shared: shown } = barOf(counts, 20);
    expect(Math.abs(shown - pixels)).toBeLessThanOrEqual(2);
  });
});
