// What a start puts back is the bitmap that was, whether its chunks are looked into, changed, or kept as they came.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CHUNK_PAGES, CHUNK_WORDS } from '../../src/core/chunk-words.ts';
import { PageBitmap } from '../../src/core/page-bitmap.ts';
import { decodeBitmap, encodeBitmap } from '../../src/core/page-bitmap-snapshot.ts';

const LENGTH = 3 * CHUNK_PAGES + 33;
const all = { start: 0, end: LENGTH };

const edges = fc.constantFrom(0, 1, 31, 32, CHUNK_PAGES - 1, CHUNK_PAGES, CHUNK_PAGES + 1, 3 * CHUNK_PAGES, LENGTH);
const page = fc.oneof(edges, fc.nat(LENGTH));
/** Every `every`th page of a range: with 2, more runs in a chunk than are kept as such. */
const fill = fc.record({ a: page, b: page, set: fc.boolean(), every: fc.constantFrom(1, 1, 2, 32, 1000) });
type Fill = typeof fill extends fc.Arbitrary<infer F> ? F : never;

function apply(bitmap: PageBitmap, fills: readonly Fill[]): void {
  for (const { a, b, set, every } of fills) {
    const [start, end] = [Math.min(a, b), Math.max(a, b)];
    const parts = every === 1 ? [{ start, end }] : [];
    for (let at = start; every > 1 && at < end; at += every) parts.push({ start: at, end: at + 1 });
    for (const part of parts) {
      if (set) bitmap.set(part);
      else bitmap.clear(part);
    }
  }
}

function seen(bitmap: PageBitmap): unknown {
  const { populated, runCount } = bitmap;
  const chunks = [0, 1, 2, 3].map((chunk) => {
    return bitmap.count({ start: chunk * CHUNK_PAGES, end: Math.min((chunk + 1) * CHUNK_PAGES, LENGTH) });
  });
  return { populated, runCount, chunks, runs: bitmap.listRuns(all, true) };
}

it('comes back as it was, and goes on as it would have', () => {
  fc.assert(
    fc.property(fc.array(fill, { maxLength: 6 }), fc.array(fill, { maxLength: 4 }), (before, after) => {
      const original = new PageBitmap(LENGTH);
      apply(original, before);
      const kept = encodeBitmap(original);
      const restored = decodeBitmap(kept, LENGTH);
      const copy = restored.clone();
      expect([restored.populated, restored.runCount]).toEqual([original.populated, original.runCount]);
      // Kept anew without that anybody has looked into it: the same.
      expect(encodeBitmap(restored)).toEqual(kept);
      apply(restored, after);
      expect(seen(copy)).toEqual(seen(original));
      apply(original, after);
      expect(seen(restored)).toEqual(seen(original));
      expect(seen(decodeBitmap(encodeBitmap(restored), LENGTH))).toEqual(seen(original));
    }),
    { numRuns: 60 },
  );
});

it.each([
  ['as many runs as are kept', CHUNK_WORDS],
  ['one more, which is kept as words', CHUNK_WORDS + 1],
])('comes back with %s', (_, runs) => {
  const bitmap = new PageBitmap(LENGTH);
  for (let run = 0; run < runs; run++) bitmap.set({ start: CHUNK_PAGES + 3 * run, end: CHUNK_PAGES + 3 * run + 2 });
  const { full, mixed, content } = encodeBitmap(bitmap);
  expect({ full, mixed }).toEqual({ full: [], mixed: [1, runs > CHUNK_WORDS ? 0 : runs] });
  // Neither takes more room than the words do.
  expect(content.length).toBe(Math.ceil((4 * CHUNK_WORDS) / 3) * 4);
  expect(seen(decodeBitmap({ full, mixed, content }, LENGTH))).toEqual(seen(bitmap));
});

it('takes no words for what nobody looks into', () => {
  const bitmap = new PageBitmap(LENGTH);
  for (const start of [5, CHUNK_PAGES - 1, 2 * CHUNK_PAGES + 7]) bitmap.set({ start, end: start + 2 });
  const restored = decodeBitmap(encodeBitmap(bitmap), LENGTH);
  const isWords = (): boolean[] => [...restored.mixedChunks().values()].map((each) => each instanceof Uint32Array);
  // Where a run goes on in the next chunk, that is looked at.
  expect(isWords().filter(Boolean).length).toBeLessThan(3);
  const unpacked = isWords();
  expect(restored.count(all)).toBe(bitmap.count(all));
  expect(restored.count({ start: 6, end: LENGTH - 1 })).toBe(bitmap.count({ start: 6, end: LENGTH - 1 }));
  expect(restored.countRuns(all)).toBe(bitmap.countRuns(all));
  expect(restored.has(5)).toBe(true);
  expect(isWords()).toEqual(unpacked);
  expect(restored.listRuns(all, true)).toEqual(bitmap.listRuns(all, true));
  expect(isWords()).toEqual([true, true, true]);
});
