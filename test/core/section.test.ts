import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseByteSize } from '../../src/byte-size.ts';
import { checkSection, cutAll, isPowerOfTwo, type PageRange, toPageRange, toSection } from '../../src/core/section.ts';

const MAX = Number.MAX_SAFE_INTEGER;

describe('isPowerOfTwo', () => {
  it('is exact up to 2^53', () => {
    for (let exponent = 0; exponent <= 52; exponent++) {
      expect(isPowerOfTwo(2 ** exponent)).toBe(true);
      if (exponent > 1)
        expect([isPowerOfTwo(2 ** exponent - 1), isPowerOfTwo(2 ** exponent + 1)]).toEqual([false, false]);
    }
    expect([0, -4096, 1.5, MAX, Number.NaN].filter(isPowerOfTwo)).toEqual([]);
  });
});

describe('the range check', () => {
  it.each([
    ['empty', { offset: 0, size: 0 }, /size is 0/],
    ['beyond the end', { offset: 4096, size: 65_536 }, /beyond the used length 65536/],
    ['a sum beyond 2^53-1', { offset: MAX, size: 4096 }, /2\^53-1/],
    ['an unaligned offset', { offset: 1, size: 4096 }, /offset 1 is not a multiple of 4096/],
    ['an unaligned size', { offset: 0, size: 4097 }, /size 4097 is not a multiple of 4096/],
  ])('refuses %s', (_name, section, message) => {
    const check = () => checkSection(section, 65_536, 4096);
    expect(check).toThrow(message);
    expect(check).toThrow(expect.objectContaining({ code: 'invalid-range' }));
  });

  it('takes all of the block, its last page, and a last granule that is cut short', () => {
    checkSection({ offset: 0, size: 65_536 }, 65_536, 4096);
    checkSection({ offset: 61_440, size: 4096 }, 65_536, 4096);
    checkSection({ offset: 32_768, size: 4096 }, 36_864, 32_768);
  });
});

describe('pages and bytes', () => {
  it('convert into each other without loss, also far beyond 2^32', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 2 ** 31 }), (start, count) => {
        const range = { start: start * 8, end: start * 8 + count };
        expect(toPageRange(toSection(range, 4096), 4096)).toEqual(range);
      }),
    );
  });

  it('a page that is touched in part counts whole', () => {
    expect(toPageRange({ offset: 4095, size: 2 }, 4096)).toEqual({ start: 0, end: 2 });
  });
});

describe('cutAll', () => {
  const pagesOf = (runs: readonly PageRange[]): number[] => {
    return runs.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index));
  };

  it('leaves of each run what lies in the window, and gives back what all lies in it', () => {
    const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })), { maxLength: 6 });
    const window = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 50 }));
    fc.assert(
      fc.property(gaps, window, (lengths, [start, count]) => {
        const runs: PageRange[] = [];
        for (const [gap, length] of lengths) {
          const from = (runs.at(-1)?.end ?? 0) + gap;
          runs.push({ start: from, end: from + length });
        }
        const [before, end] = [structuredClone(runs), start + count];
        const inside = cutAll(runs, { start, end });
        expect(pagesOf(inside)).toEqual(pagesOf(runs).filter((page) => page >= start && page < end));
        expect(inside.length).toBe(runs.filter((run) => run.start < end && run.end > start).length);
        if (pagesOf(inside).length === pagesOf(runs).length) expect(inside).toBe(runs);
        expect(runs).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });
});

describe('parseByteSize', () => {
  it.each([
    [0, 0],
    [4096, 4096],
    ['4096', 4096],
    ['0x1000', 4096],
    ['0X1A', 26],
    ['4K', 4096],
    ['4KiB', 4096],
    ['2M', 2 ** 21],
    ['16GiB', 2 ** 34],
    ['64T', 2 ** 46],
    ['0x1fffffffffffff', MAX],
    [MAX, MAX],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  it.each([-1, 1.5, '', '4k', '4KB', '0x', ' 4K', '4K ', '1.5G', '-1', '4Ki', '1e3', '0b1', '٤'])(
    '%j is none',
    (text) => {
      expect(() => parseByteSize(text)).toThrow(expect.objectContaining({ code: 'invalid-request' }));
    },
  );

  it.each([
    MAX + 1,
    2 ** 60,
    Number.POSITIVE_INFINITY,
    '9007199254740992',
    '0x20000000000000',
    '8192T',
    '9'.repeat(400),
  ])('%s is beyond 2^53-1', (text) => {
    expect(() => parseByteSize(text)).toThrow(expect.objectContaining({ code: 'invalid-range' }));
  });
});
