// What differs between a bitmap and bytes, and how it is set at once: beside the same page by page.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { differences } from '../../src/core/bitmap-differences.ts';
import { PageBitmap } from '../../src/core/page-bitmap.ts';
import type { PageRange } from '../../src/core/section.ts';

const CHUNK = 32_768;
/** Ends in the middle of its third chunk. */
const PAGES = 2 * CHUNK + 1000;

/** Runs around the ends of chunks, and many small ones in the middle of one. */
const someRuns = fc.array(
  fc.record({
    start: fc.oneof(
      fc.nat(PAGES - 1),
      fc.nat(300),
      fc.integer({ min: CHUNK - 150, max: CHUNK + 150 }),
      fc.integer({ min: PAGES - 150, max: PAGES - 1 }),
    ),
    length: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 * CHUNK })),
  }),
  { maxLength: 300, size: 'max' },
);

function bitmapOf(runs: readonly { start: number; length: number }[]): PageBitmap {
  const bitmap = new PageBitmap(PAGES);
  for (const { start, length } of runs) bitmap.set({ start, end: Math.min(start + length, PAGES) });
  return bitmap;
}

/** All that is counted of a bitmap, chunk by chunk. */
function countsOf(bitmap: PageBitmap): unknown {
  const parts = [0, CHUNK, 2 * CHUNK].map((start) => ({ start, end: Math.min(start + CHUNK, PAGES) }));
  return {
    populated: bitmap.populated,
    runs: bitmap.listRuns({ start: 0, end: PAGES }, true),
    runCount: bitmap.runCount,
    of: parts.map((part) => [bitmap.count(part), bitmap.countRuns(part)]),
  };
}

it('finds the runs that turn, and sets them at once as one by one', () => {
  fc.assert(
    fc.property(someRuns, someRuns, fc.nat(2 * CHUNK), (runs, others, at) => {
      const now = bitmapOf(runs);
      const wanted = bitmapOf(others);
      const window = { start: at, end: PAGES };
      const bytes = new Uint8Array(wanted.words(at, Math.ceil((PAGES - at) / 32)).buffer);
      const finding = differences(now, at, bytes.subarray(0, Math.ceil((PAGES - at) / 8)), PAGES - at, PAGES);
      let slices = 0;
      let step = finding.next();
      for (; !step.done; step = finding.next()) slices++;
      expect(slices).toBe(Math.ceil((PAGES - at) / CHUNK));

      const expected: Record<'discard' | 'populate', PageRange[]> = { discard: [], populate: [] };
      for (const run of wanted.runs(window, false)) now.listRuns(run, true, expected.discard);
      for (const run of wanted.runs(window, true)) now.listRuns(run, false, expected.populate);
      expect(step.value).toEqual(expected);

      const oneByOne = now.clone();
      for (const run of expected.discard) oneByOne.clear(run);
      for (const run of expected.populate) oneByOne.set(run);
      const before = countsOf(now);
      const atOnce = now.clone();
      atOnce.fillAll(expected.discard, false);
      atOnce.fillAll(expected.populate, true);
      expect(countsOf(atOnce)).toEqual(countsOf(oneByOne));
      expect(countsOf(now)).toEqual(before);
    }),
    { numRuns: 200 },
  );
});

it('refuses runs beyond the end of a bitmap', () => {
  const runs = Array.from({ length: 9 }, (_, index) => ({ start: 2 * index, end: 2 * index + 1 }));
  expect(() => new PageBitmap(10).fillAll(runs, true)).toThrow(RangeError);
});

it.each([63, 64, 65, 4096])('sets %i runs of each chunk at once as one by one', (perChunk) => {
  const distance = Math.floor(CHUNK / perChunk);
  // Some chunks are mixed before, some are not, and the last is cut short.
  const before = [
    { start: 0, length: 5 },
    { start: CHUNK - 3, length: 6 },
  ];
  const runs = Array.from({ length: Math.floor(PAGES / distance) }, (_, index) => {
    return { start: index * distance, end: index * distance + Math.max(1, distance >> 1) };
  });
  for (const populated of [true, false]) {
    const [atOnce, oneByOne] = [bitmapOf(before), bitmapOf(before)];
    atOnce.fillAll(runs, populated);
    for (const run of runs) populated ? oneByOne.set(run) : oneByOne.clear(run);
    expect(countsOf(atOnce)).toEqual(countsOf(oneByOne));
  }
});

it.each([
  [true, CHUNK],
  [false, CHUNK - 1],
])('joins, or parts, the run of the next chunk: %s', (populated, start) => {
  const runs = Array.from({ length: 100 }, (_, index) => ({
    start: CHUNK - 199 + 2 * index,
    end: CHUNK - 198 + 2 * index,
  }));
  const [atOnce, oneByOne] = [bitmapOf([{ start, length: 6 }]), bitmapOf([{ start, length: 6 }])];
  atOnce.fillAll(runs, populated);
  for (const run of runs) populated ? oneByOne.set(run) : oneByOne.clear(run);
  expect(countsOf(atOnce)).toEqual(countsOf(oneByOne));
});
