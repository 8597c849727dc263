import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isoTime } from '../src/iso-time.ts';

it('is what toISOString writes, for any times one after the other', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(0, 1, 64, 65), fc.nat(4e12))), (times) => {
      for (const at of times) expect(isoTime(at)).toBe(new Date(at).toISOString());
    }),
  );
});
