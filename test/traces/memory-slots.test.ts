// The memory layout as the slots of a trace have it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySlots } from '../../src/traces/memory-slots.ts';

const PAGE = 4096;
const GIB = 2 ** 30;

function layoutOf(...slots: [gpa: number, size: number, fd: number, offset: number][]) {
  const layout = new MemorySlots();
  for (const [gpa, size, fd, offset] of slots) layout.add({ event: 'kvm_set_user_memory', gpa, size, fd, offset });
  return layout.mappings();
}

describe('MemorySlots', () => {
  it('makes one RAM block of one guest_memfd, however many slots it has', () => {
    expect(
      layoutOf([4 * GIB, 14 * GIB, 25, 2 * GIB], [0, GIB, 25, 0], [GIB, GIB, 25, GIB], [3 * GIB, PAGE, 26, 0]),
    ).toEqual([
      { gpa: 0, size: 2 * GIB, offset: 0, idstr: 'ram-0x0' },
      { gpa: 3 * GIB, size: PAGE, offset: 0, idstr: 'ram-0xc0000000' },
      { gpa: 4 * GIB, size: 14 * GIB, offset: 2 * GIB, idstr: 'ram-0x0' },
    ]);
  });

  it('lets each address belong to the slot that was set last', () => {
    const someSlot = fc.tuple(
      fc.nat({ max: 30 }),
      fc.integer({ min: 1, max: 12 }),
      fc.nat({ max: 2 }),
      fc.nat({ max: 20 }),
    );
    fc.assert(
      fc.property(fc.array(someSlot, { maxLength: 12 }), (slots) => {
        const expected = new Map<number, string>();
        for (const [gpa, size, fd, offset] of slots) {
          for (let page = 0; page < size; page++) expected.set(gpa + page, `${fd}:${offset + page}`);
        }
        const found = layoutOf(
          ...slots.map(([gpa, size, fd, offset]): [number, number, number, number] => {
            return [gpa * PAGE, size * PAGE, fd, offset * PAGE];
          }),
        );
        // Blocks have names instead of files: each name is one file.
        const files = new Map<string, string>();
        let pages = 0;
        let end = 0;
        for (const { gpa, size, offset, idstr } of found) {
          expect(gpa).toBeGreaterThanOrEqual(end);
          end = gpa + size;
          for (let at = 0; at < size; at += PAGE, pages++) {
            const [fd = '', page = ''] = (expected.get((gpa + at) / PAGE) ?? '').split(':');
            expect(files.get(idstr) ?? fd).toBe(fd);
            files.set(idstr, fd);
            expect(Number(page) * PAGE).toBe(offset + at);
          }
        }
        expect(pages).toBe(expected.size);
        expect(new Set(files.values()).size).toBe(files.size);
      }),
    );
  });

  it('refuses more slots than any machine has', () => {
    const layout = new MemorySlots();
    const slot = { event: 'kvm_set_user_memory' as const, size: PAGE, fd: 25, offset: 0 };
    const fill = () => {
      for (let index = 0; index < 5000; index++) layout.add({ ...slot, gpa: index * 2 * PAGE });
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'payload-too-large' }));
  });
});
