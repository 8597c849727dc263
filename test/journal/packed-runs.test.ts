// Runs of pages as bytes and back.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packRuns, unpackRuns } from '../../src/journal/packed-runs.ts';

const runs = fc
  .array(fc.tuple(fc.nat({ max: 2 ** 40 }), fc.integer({ min: 1, max: 2 ** 40 })), { maxLength: 20 })
  .map((all) => {
    let end = 0;
    return all.map(([gap, length]) => {
      const start = end + gap;
      end = start + length;
      return { start, end };
    });
  });

it('come back as they were', () => {
  fc.assert(
    fc.property(runs, (all) => {
      expect(unpackRuns(packRuns(all))).toEqual(all);
    }),
  );
});

it('take few bytes each', () => {
  const all = Array.from({ length: 10_000 }, (_, run) => ({ start: 2 * run, end: 2 * run + 1 }));
  expect(packRuns(all).length).toBeLessThan(3 * all.length);
});
