// Who has what mapped, and where that is not what is populated.
import { describe, expect, it } from 'vitest';
import { differenceOf, isUnsettled, mappingsOf } from '../../src/ui/model/mapped-by.ts';
import { listener } from './samples.ts';

const MiB = 2 ** 20;
const range = { offset: MiB, size: MiB };
const counts = (shared: number) => ({ pages: 256, shared, discarded: 0, private: 256 - shared, isExact: true });
const unsettled = (bytes: number, unknownBytes: number) => {
  return { bytes, runs: 1, unknownBytes, sections: [{ offset: MiB, size: bytes }] };
};
const position = (pending: number) => {
  return { lastSequence: 9, acknowledgedSequence: 9 - pending, pending, oldestPendingAt: null };
};
const section = (offset: number, size: number) => ({ offset, size, offsetWithinAddressSpace: offset });

describe('a range is', () => {
  it.each([
    ['mapped', 256, {}],
    ['partly', 1, {}],
    ['not mapped', 0, {}],
    ['partly', 256, { section: section(1.5 * MiB, 2 * MiB) }],
    ['unknown', 0, { unsettled: unsettled(4096, 4096) }],
    ['unknown', 256, { state: 'registering' as const }],
    ['unknown', 0, { state: 'removing' as const }],
    ['behind', 256, { mode: 'async' as const, position: position(3) }],
    ['behind', 0, { mode: 'async' as const, state: 'disabled' as const }],
    ['mapped', 256, { mode: 'async' as const }],
  ])('%s where %i of 256 pages are shared and the listener is %o', (state, shared, members) => {
    expect(mappingsOf([listener(members)], range, counts(shared)).map((mapping) => mapping.state)).toEqual([state]);
  });

  it('nothing to a listener of another section', () => {
    expect(mappingsOf([listener({ section: section(2 * MiB, MiB) })], range, counts(256))).toEqual([]);
  });

  it('unsettled where it meets what is unsettled, and nowhere else', () => {
    const failing = listener({ unsettled: unsettled(4096, 0) });
    expect(isUnsettled(failing, range)).toBe(true);
    expect(isUnsettled(failing, { offset: 0, size: MiB })).toBe(false);
    expect(isUnsettled(failing, { offset: MiB + 4096, size: MiB })).toBe(false);
  });
});

describe('what is mapped against what is populated', () => {
  const mapped = { bytes: 8 * MiB, runs: 1, mappings: 2048 };

  it.each([
    ['equal', 'mapped = populated', {}, 8 * MiB],
    ['moving', 'the block is changing', {}, null],
    ['different', '4 MiB more mapped than populated', {}, 4 * MiB],
    ['different', '8 MiB less mapped than populated', {}, 16 * MiB],
    [
      'different',
      '4 MiB more mapped than populated, 2 deliveries behind',
      { mode: 'async' as const, position: position(2) },
      4 * MiB,
    ],
    [
      'different',
      'as much mapped as populated, 1 delivery behind',
      { mode: 'async' as const, position: position(1) },
      8 * MiB,
    ],
    [
      'different',
      '8 MiB less mapped than populated, and told nothing',
      { mode: 'async' as const, state: 'disabled' as const },
      16 * MiB,
    ],
    [
      'different',
      '4 KiB may still be mapped: the discard is not acknowledged',
      { unsettled: unsettled(8192, 4096) },
      null,
    ],
    ['different', '8 KiB populated, but not mapped', { unsettled: unsettled(8192, 0) }, null],
    ['different', 'its section may still be mapped: it is being removed', { state: 'removing' as const }, null],
  ])('is %s: %s', (kind, text, members, populated) => {
    expect(differenceOf(listener({ mapped, ...members }), populated)).toEqual({ kind, text });
  });
});
