// Ranges staged over a bitmap answer as a bitmap that they were written to.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PageBitmap } from '../../src/core/page-bitmap.ts';
import { mergeRuns, type PageRange } from '../../src/core/section.ts';
import { intersect, StagedPages } from '../../src/core/staged-pages.ts';

const PAGES = 48;
const range = fc.tuple(fc.nat(PAGES), fc.nat(PAGES)).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
const someRuns = fc.array(range, { maxLength: 5 }).map((all) => mergeRuns(all.filter(({ start, end }) => start < end)));

function bitmapOf(runs: readonly PageRange[]): PageBitmap {
  const bitmap = new PageBitmap(PAGES);
  for (const run of runs) bitmap.set(run);
  return bitmap;
}

it('answers as the bitmap would', () => {
  const fills = fc.array(fc.record({ runs: someRuns, populated: fc.boolean() }));
  fc.assert(
    fc.property(someRuns, fills, range, fc.boolean(), (base, all, asked, populated) => {
      const written = bitmapOf(base);
      const untouched = bitmapOf(base);
      const staged = new StagedPages(untouched);
      for (const { runs, populated: value } of all) {
        staged.fill(runs, value);
        for (const run of runs) value ? written.set(run) : written.clear(run);
      }
      expect(staged.listRuns(asked, populated)).toEqual(written.listRuns(asked, populated));
      expect(staged.next(asked, populated)).toBe(written.next(asked, populated));
      expect([...untouched.allRuns(true)]).toEqual([...bitmapOf(base).allRuns(true)]);
      for (const run of staged.staged) expect(written.count(run)).toBe(run.populated ? run.end - run.start : 0);
    }),
    { numRuns: 2000 },
  );
});

it('cuts runs to others as bitmaps would', () => {
  fc.assert(
    fc.property(someRuns, someRuns, (runs, others) => {
      const both = PageBitmap.intersection(bitmapOf(runs), bitmapOf(others));
      expect(intersect(runs, others)).toEqual([...both.allRuns(true)]);
    }),
  );
});
