// Events as readers ask for them, one by one, however many of them came at once: beside a list of all that there ever were.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RamBlock } from '../../src/core/ram-block.ts';
import type { BlockRecord } from '../../src/core/records.ts';
import { Events } from '../../src/service/events.ts';

const PAGE = 4096;
const PAGES = 1024;
const AT = '2026-11-29T12:00:00.000Z';
const MACHINE = 'vm-1';

function blockWithAttributes(): RamBlock {
  const block = new RamBlock({
    id: 'blk_1',
    machine: MACHINE,
    idstr: 'pc.ram',
    ramAddr: 0,
    gpa: null,
    usedLength: PAGES * PAGE,
    maxLength: PAGES * PAGE,
    pageSize: PAGE,
    resizeable: false,
    guestMemfd: true,
    createdAt: AT,
  });
  const definition = { id: 'src_1', name: 'ram-block-attributes', granularity: PAGE };
  block.manager.addSource(block.makeSource(definition, []));
  return block;
}

/** One change of `steps` conversions, the ids of which are told apart by `first`. */
function change(block: RamBlock, first: number, steps: number): BlockRecord {
  const conversionOf = (index: number) => ({
    conversion: {
      id: `cnv_${first + index}`,
      ramBlockId: block.id,
      offset: index * PAGE,
      size: PAGE,
      to: 'shared' as const,
      from: 'private' as const,
      changedBytes: PAGE,
      changed: [{ offset: index * PAGE, size: PAGE }],
      changedTruncated: false,
      generation: block.generation + 1,
      notified: [],
    },
  });
  const all = Array.from({ length: steps }, (_, index) => conversionOf(index));
  return { ramBlockId: block.id, kind: 'source-changed', sourceId: 'src_1', steps: all, at: AT };
}

describe('events that are kept', () => {
  it('are the last ones, each by its number, whether they came alone or in a batch', () => {
    const batches = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 20 }), (sizes, limit) => {
        const events = new Events(limit, 'epoch', () => new Date(AT));
        const block = blockWithAttributes();
        const all: { id: unknown; generation: number }[] = [];
        for (const size of sizes) {
          const record = change(block, all.length, size);
          const tell = events.about(block, [record]);
          block.apply(record);
          tell();
          for (let n = 0; n < size; n++) all.push({ id: `cnv_${all.length}`, generation: block.generation });

          expect(events.at(all.length + 1)).toBe(null);
          for (const [index, { id, generation }] of all.entries()) {
            const event = events.at(index + 1);
            const isOwed = index >= all.length - limit;
            // More may be there, but never another in its place.
            if (event === undefined && !isOwed) continue;
            const common = { type: 'conversion.committed', machine: MACHINE, ramBlockId: block.id, generation, at: AT };
            expect(event).toEqual({ ...common, resource: expect.objectContaining({ id, generation }) });
            if (index > 0 && isOwed) expect(events.numberAfter(events.idOf(index))).toBe(index + 1);
          }
          const expired = all.length - limit - 1;
          if (expired >= 0) expect(() => events.numberAfter(events.idOf(expired))).toThrow('no longer kept');
          expect(events.last).toBe(events.idOf(all.length));
        }
      }),
    );
  });

  it('are forgotten in the end', () => {
    const events = new Events(3, 'epoch', () => new Date(AT));
    const block = blockWithAttributes();
    for (let n = 0; n < 20; n++) {
      const record = change(block, n, 1);
      const tell = events.about(block, [record]);
      block.apply(record);
      tell();
    }
    expect(events.at(1)).toBe(undefined);
    expect(events.at(14)).toBe(undefined);
    expect(events.at(18)).toMatchObject({ resource: { id: 'cnv_17' } });
  });
});
