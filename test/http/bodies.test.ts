// The look at how deep a body is, beside one that parses it.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isNestedDeeper } from '../../src/http/bodies.ts';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

it('finds the depth of any JSON, whatever brackets and quotes its texts have', () => {
  const texts = fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', '\\\\', 'a', 'é', '\u2028', '\n') });
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'large', withCrossShrink: true },
      fc.oneof(texts, fc.integer(), fc.constant(null)),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(texts, tie('tree'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.boolean(), (value, isSpaced) => {
      const json = Buffer.from(JSON.stringify(value, null, isSpaced ? 1 : 0));
      const depth = depthOf(value);
      expect(isNestedDeeper(json, depth)).toBe(false);
      if (depth > 0) expect(isNestedDeeper(json, depth - 1)).toBe(true);
    }),
  );
});

it('takes what is cut short, or no JSON at all', () => {
  for (const text of ['', '"', '"\\\\', '"[[[[', ']]]]', '][', '\u0000']) {
    expect(isNestedDeeper(Buffer.from(text), 1), text).toBe(false);
  }
  expect(isNestedDeeper(Buffer.from('[['), 1)).toBe(true);
});
