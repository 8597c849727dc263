import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, CHUNK_PAGES } from '../../src/core/chunk-words.ts';
import { PageBitmap } from '../../src/core/page-bitmap.ts';
import type { PageRange } from '../../src/core/section.ts';

/** The obvious implementation: one boolean a page, plain loops. */
class NaiveBitmap {
  readonly pages: boolean[];
  constructor(length: number) {
    this.pages = new Array(length).fill(false);
  }
  fill({ start, end }: PageRange, value: boolean): void {
    for (let page = start; page < end; page++) this.pages[page] = value;
  }
  runs({ start, end }: PageRange, value: boolean): PageRange[] {
    const runs: { start: number; end: number }[] = [];
    for (let page = start; page < end; page++) {
      if (this.pages[page] !== value) continue;
      const last = runs.at(-1);
      if (last?.end === page) last.end++;
      else runs.push({ start: page, end: page + 1 });
    }
    return runs;
  }
}

// Lengths and ends that sit at the edges of words and chunks are where mistakes live.
const edges = [0, 1, 31, 32, 33, 63, 64, CHUNK_PAGES - 1, CHUNK_PAGES, CHUNK_PAGES + 1, CHUNK_PAGES + 33];
const someLength = fc.oneof(
  fc.constantFrom(1, 31, 32, 33, CHUNK_PAGES - 1, CHUNK_PAGES, CHUNK_PAGES + 1, 2 * CHUNK_PAGES + 5),
  fc.integer({ min: 1, max: 300 }),
);
const somePage = fc.oneof(
  fc.nat({ max: 2 * CHUNK_PAGES + 5 }),
  fc.constantFrom(...edges, 2 * CHUNK_PAGES, 2 * CHUNK_PAGES + 5),
  fc.nat({ max: 200 }),
);
const someRange = fc.tuple(somePage, somePage).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
const someFills = fc.array(fc.record({ range: someRange, value: fc.boolean() }), { maxLength: 12 });

const within = (range: PageRange, length: number): PageRange => ({
  start: Math.min(range.start, length),
  end: Math.min(range.end, length),
});

function build(length: number, fills: readonly { range: PageRange; value: boolean }[]): [PageBitmap, NaiveBitmap] {
  const bitmap = new PageBitmap(length);
  const naive = new NaiveBitmap(length);
  for (const { range, value } of fills) {
    const part = within(range, length);
    if (value) bitmap.set(part);
    else bitmap.clear(part);
    naive.fill(part, value);
  }
  return [bitmap, naive];
}

describe('PageBitmap', () => {
  it('answers every query as the naive model does', () => {
    fc.assert(
      fc.property(someLength, someFills, someRange, (length, fills, asked) => {
        const [bitmap, naive] = build(length, fills);
        const window = within(asked, length);
        const all = { start: 0, end: length };
        const populatedRuns = naive.runs(all, true);
        expect(bitmap.populated).toBe(naive.pages.filter(Boolean).length);
        expect(bitmap.runCount).toBe(populatedRuns.length);
        expect([...bitmap.allRuns(true)]).toEqual(populatedRuns);
        expect([...bitmap.allRuns(false)]).toEqual(naive.runs(all, false));
        expect([...bitmap.runs(window, true)]).toEqual(naive.runs(window, true));
        expect([...bitmap.runs(window, false)]).toEqual(naive.runs(window, false));
        expect(bitmap.listRuns(window, true)).toEqual(naive.runs(window, true));
        expect(bitmap.listRuns(window, false)).toEqual(naive.runs(window, false));
        expect(bitmap.countRuns(window)).toBe(naive.runs(window, true).length);
        expect(bitmap.count(window)).toBe(naive.pages.slice(window.start, window.end).filter(Boolean).length);
        for (const page of edges.filter((page) => page < length)) expect(bitmap.has(page)).toBe(naive.pages[page]);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the words of any window, lowest page in the lowest bit', () => {
    fc.assert(
      fc.property(someLength, someFills, somePage, fc.integer({ min: 1, max: 40 }), (length, fills, page, count) => {
        const [bitmap, naive] = build(length, fills);
        const start = Math.min(page, length);
        const expected = new Uint32Array(count);
        for (let bit = 0; bit < count * 32; bit++) {
          if (naive.pages[start + bit]) expected[bit >>> 5] = (expected[bit >>> 5] ?? 0) | (1 << (bit & 31));
        }
        expect(bitmap.words(start, count)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('slices a window into a bitmap of its own', () => {
    fc.assert(
      fc.property(someLength, someFills, someRange, (length, fills, asked) => {
        const [bitmap, naive] = build(length, fills);
        const window = within(asked, length);
        const slice = bitmap.slice(window);
        const expected = naive.runs(window, true).map(({ start, end }) => {
          return { start: start - window.start, end: end - window.start };
        });
        expect([...slice.allRuns(true)]).toEqual(expected);
        expect(slice.length).toBe(window.end - window.start);
      }),
      { numRuns: 200 },
    );
  });

  it('shares chunks with a copy of a window until one of the two is written to', () => {
    const someStart = fc.oneof(fc.constantFrom(0, CHUNK_PAGES, 2 * CHUNK_PAGES), somePage);
    const someLater = fc.record({ isCopy: fc.boolean(), range: someRange, value: fc.boolean() });
    fc.assert(
      fc.property(someLength, someFills, someStart, somePage, fc.array(someLater), (length, fills, from, to, later) => {
        const [bitmap, naive] = build(length, fills);
        const window = within({ start: Math.min(from, to), end: Math.max(from, to) }, length);
        const copy = bitmap.slice(window);
        const naiveCopy = new NaiveBitmap(copy.length);
        naiveCopy.pages.splice(0, copy.length, ...naive.pages.slice(window.start, window.end));
        for (const { isCopy, range, value } of later) {
          const [written, model] = isCopy ? [copy, naiveCopy] : [bitmap, naive];
          const part = within(range, written.length);
          if (value) written.set(part);
          else written.clear(part);
          model.fill(part, value);
        }
        for (const [some, model] of [[bitmap, naive] as const, [copy, naiveCopy] as const]) {
          const all = { start: 0, end: some.length };
          expect([...some.allRuns(true)]).toEqual(model.runs(all, true));
          expect(some.runCount).toBe(model.runs(all, true).length);
          expect(some.populated).toBe(model.pages.filter(Boolean).length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('makes no words for a copy of chunks as a whole', () => {
    const bitmap = new PageBitmap(2 ** 9 * CHUNK_PAGES);
    for (let page = 0; page < bitmap.length; page += CHUNK_PAGES) bitmap.set({ start: page + 1, end: page + 5 });
    const before = process.memoryUsage().arrayBuffers;
    const copy = bitmap.slice({ start: CHUNK_PAGES, end: bitmap.length });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024);
    expect(copy.runCount).toBe(bitmap.runCount - 1);
  });

  it('counts the aligned pieces that hold a populated page of a window', () => {
    const somePieces = fc.constantFrom(1, 2, 4, 16, 32, 64, 512, CHUNK_PAGES / 2, CHUNK_PAGES, 2 * CHUNK_PAGES);
    fc.assert(
      fc.property(someLength, someFills, someRange, somePieces, (length, fills, asked, pagesPerPiece) => {
        const [bitmap, naive] = build(length, fills);
        const window = within(asked, length);
        const pieces = new Set<number>();
        for (let page = window.start; page < window.end; page++) {
          if (naive.pages[page]) pieces.add(Math.floor(page / pagesPerPiece));
        }
        expect(bitmap.countPieces(window, pagesPerPiece)).toBe(pieces.size);
      }),
      { numRuns: 300 },
    );
  });

  it('takes away the pages of another, which may be longer or shorter', () => {
    fc.assert(
      fc.property(someLength, someLength, someFills, someFills, (length, otherLength, fills, otherFills) => {
        const [bitmap, naive] = build(length, fills);
        const [other, naiveOther] = build(otherLength, otherFills);
        const before = naiveOther.runs({ start: 0, end: otherLength }, true);
        for (const run of before) naive.fill(within(run, length), false);
        bitmap.subtract(other);
        const expected = naive.runs({ start: 0, end: length }, true);
        expect([...bitmap.allRuns(true)]).toEqual(expected);
        expect(bitmap.runCount).toBe(expected.length);
        expect([...other.allRuns(true)]).toEqual(before);
      }),
      { numRuns: 200 },
    );
  });

  it('intersects, clones and restores chunks without touching the original', () => {
    fc.assert(
      fc.property(someLength, someFills, someFills, (length, fillsA, fillsB) => {
        const [a, naiveA] = build(length, fillsA);
        const [b, naiveB] = build(length, fillsB);
        const both = new NaiveBitmap(length);
        both.pages.forEach((_, page) => {
          both.pages[page] = naiveA.pages[page] === true && naiveB.pages[page] === true;
        });
        const all = { start: 0, end: length };
        const expected = both.runs(all, true);
        const result = PageBitmap.intersection(a, b);
        expect([...result.allRuns(true)]).toEqual(expected);
        expect(result.runCount).toBe(expected.length);
        expect([...a.allRuns(true)]).toEqual(naiveA.runs(all, true));

        const restored = b.clone();
        for (const [chunk, words] of a.mixedChunks()) restored.setChunk(chunk, bitsOf(Uint32Array.from(words)));
        const mixture = new NaiveBitmap(length);
        mixture.pages.forEach((_, page) => {
          const from = a.mixedChunks().has(Math.floor(page / CHUNK_PAGES)) ? naiveA : naiveB;
          mixture.pages[page] = from.pages[page] === true;
        });
        expect([...restored.allRuns(true)]).toEqual(mixture.runs(all, true));
        expect(restored.runCount).toBe(mixture.runs(all, true).length);
        expect(restored.populated).toBe(mixture.pages.filter(Boolean).length);
      }),
      { numRuns: 200 },
    );
  });

  it('puts back the runs of chunks, in any order', () => {
    const someOrder = fc.array(fc.nat(), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(someLength, someFills, someOrder, (length, fills, order) => {
        const [original] = build(length, fills);
        const copy = new PageBitmap(length);
        for (const run of original.fullChunks()) copy.set(run);
        const chunks = [...original.mixedChunks().keys()].sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0));
        for (const chunk of chunks) {
          const base = chunk * CHUNK_PAGES;
          const runs = original.listRuns({ start: base, end: Math.min(base + CHUNK_PAGES, length) }, true);
          copy.setRuns(chunk, Uint16Array.from(runs.flatMap(({ start, end }) => [start - base, end - start])));
        }
        expect([...copy.allRuns(true)]).toEqual([...original.allRuns(true)]);
        expect([copy.populated, copy.runCount]).toEqual([original.populated, original.runCount]);
        // The counts of chunks, too: a chunk that becomes uniform has no words.
        copy.clear({ start: 0, end: length });
        expect([copy.populated, copy.runCount, copy.mixedChunks().size]).toEqual([0, 0, 0]);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses whatever is not within it, and is as it was then', () => {
    const beyond = fc.tuple(
      fc.integer({ min: -3, max: 3 * CHUNK_PAGES }),
      fc.integer({ min: 0, max: 3 * CHUNK_PAGES }),
    );
    fc.assert(
      fc.property(someLength, someFills, beyond, fc.boolean(), (length, fills, [start, pages], value) => {
        const [bitmap, naive] = build(length, fills);
        const end = Math.max(start + pages, start < 0 ? start + 1 : length + 1);
        expect(() => (value ? bitmap.set({ start, end }) : bitmap.clear({ start, end }))).toThrow(RangeError);
        const chunks = Math.ceil(length / CHUNK_PAGES);
        const inLast = length - (chunks - 1) * CHUNK_PAGES;
        const bits = new Uint32Array(CHUNK_PAGES / 32).fill(0xffff_ffff);
        for (const chunk of inLast < CHUNK_PAGES ? [-1, chunks - 1, chunks] : [-1, chunks]) {
          expect(() => bitmap.setChunk(chunk, bits)).toThrow(RangeError);
          expect(() => bitmap.setRuns(chunk, Uint16Array.of(0, inLast + 1))).toThrow(RangeError);
        }
        expect([...bitmap.allRuns(true)]).toEqual(naive.runs({ start: 0, end: length }, true));
        expect(bitmap.populated).toBe(naive.pages.filter(Boolean).length);
      }),
      { numRuns: 200 },
    );
  });

  it('works at page numbers beyond 2^32', () => {
    const length = 2 ** 34;
    const bitmap = new PageBitmap(length);
    const last = { start: length - 1, end: length };
    const across = { start: 2 ** 32 - 1, end: 2 ** 32 + 2 };
    bitmap.set(across);
    bitmap.set(last);
    expect([...bitmap.allRuns(true)]).toEqual([across, last]);
    expect(bitmap.has(2 ** 32 - 1)).toBe(true);
    expect(bitmap.has(2 ** 31 - 1)).toBe(false);
    expect(bitmap.count({ start: 2 ** 32, end: length })).toBe(3);
    bitmap.set({ start: 0, end: length });
    expect(bitmap.populated).toBe(length);
    expect(bitmap.runCount).toBe(1);
  });

  it('keeps no words for what is uniform', () => {
    const bitmap = new PageBitmap(4 * CHUNK_PAGES);
    bitmap.set({ start: 5, end: 3 * CHUNK_PAGES });
    expect(bitmap.mixedChunks().size).toBe(1);
    bitmap.set({ start: 0, end: 5 });
    expect(bitmap.mixedChunks().size).toBe(0);
    bitmap.clear({ start: CHUNK_PAGES, end: CHUNK_PAGES + 1 });
    bitmap.clear({ start: CHUNK_PAGES + 1, end: 2 * CHUNK_PAGES });
    expect(bitmap.mixedChunks().size).toBe(0);
  });

  it('costs under 4 bytes a chunk plus a constant while 64 TiB are private', () => {
    const before = process.memoryUsage().arrayBuffers;
    const bitmap = new PageBitmap(2 ** 34);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 21 + 65_536);
    expect(bitmap.populated).toBe(0);
  });
});
