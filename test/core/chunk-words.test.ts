// The summary of a chunk says which of its words have bits, whatever was done to it: reading it is reading the words.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  bitsOf,
  CHUNK_PAGES,
  CHUNK_WORDS,
  chunkOf,
  fillPages,
  isUniform,
  skipWords,
  turnPages,
  uniformChunk,
} from '../../src/core/chunk-words.ts';
import { countBits } from '../../src/core/words.ts';

const page = fc.oneof(
  fc.constantFrom(0, 1, 31, 32, 33, 1023, 1024, CHUNK_PAGES - 32, CHUNK_PAGES),
  fc.nat(CHUNK_PAGES),
);
const fill = fc.record({ a: page, b: page, populated: fc.boolean() });

/** As the summary has it: the words that have bits. */
function summarized(words: Uint32Array): number[] {
  const summary = words.subarray(CHUNK_WORDS);
  return Array.from({ length: CHUNK_WORDS }, (_, index) => index).filter((index) => {
    return (((summary[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
  });
}

function withBits(words: Uint32Array): number[] {
  return [...bitsOf(words).entries()].flatMap(([index, bits]) => (bits === 0 ? [] : [index]));
}

it('is exact after any fills, of what was empty or full', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(fill, { maxLength: 12 }), (full, fills) => {
      const words = uniformChunk(full, null);
      for (const { a, b, populated } of fills) {
        if (a === b) continue;
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const set = countBits(words, from, to);
        const wrong = populated ? to - from - set : set;
        const allTurn = isUniform(words, from, to, !populated);
        expect(allTurn).toBe(wrong === to - from);
        expect((allTurn ? turnPages : fillPages)(words, from, to, populated)).toBe(wrong);
        expect(countBits(words, from, to)).toBe(populated ? to - from : 0);
      }
      expect(summarized(words)).toEqual(withBits(words));
      expect(chunkOf(bitsOf(words))).toEqual(words);
    }),
    { numRuns: 200 },
  );
});

it('lets words be skipped as a look at each would', () => {
  const index = fc.nat(CHUNK_WORDS - 1);
  fc.assert(
    fc.property(fc.array(fill, { maxLength: 5 }), index, index, fc.boolean(), (fills, a, b, ones) => {
      const words = uniformChunk(ones, null);
      for (const { a: from, b: to, populated } of fills) {
        if (from !== to) fillPages(words, Math.min(from, to), Math.max(from, to), populated);
      }
      const [first, last] = [Math.min(a, b), Math.max(a, b)];
      const uniform = ones ? 0xffff_ffff : 0;
      const found = words.subarray(first, last + 1).findIndex((bits) => bits !== uniform);
      const skipped = skipWords(words, first, last, ones ? -1 : 0);
      if (found < 0) expect(skipped).toBeGreaterThan(last);
      else expect(skipped).toBe(first + found);
    }),
    { numRuns: 300 },
  );
});
