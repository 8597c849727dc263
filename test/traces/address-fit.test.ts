import { createReadStream } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanTrace } from '../../src/cli/replay/trace-scan.ts';
import { MAX_BLOCK_BYTES, MAX_BYTES } from '../../src/limits.ts';
import { AddressFit, FIT_ALIGNMENT, GAP_BYTES, MAX_BLOCKS } from '../../src/traces/address-fit.ts';
import { TraceReader } from '../../src/traces/trace-reader.ts';

const GIB = 1024 ** 3;
const PAGE = 4096;

function blocksOf(...ranges: [gpa: number, size: number][]) {
  const addresses = new AddressFit();
  for (const [gpa, size] of ranges) addresses.add(gpa, size);
  return addresses.blocks();
}

const someRange = fc
  .tuple(fc.oneof(fc.nat({ max: 2 ** 26 }), fc.nat({ max: 2 ** 40 - 1 })), fc.integer({ min: 1, max: 2 ** 18 }))
  .map(([page, pages]): [number, number] => [page * PAGE, pages * PAGE])
  .filter(([gpa, size]) => gpa + size <= MAX_BYTES);

describe('AddressFit', () => {
  it('makes nothing of nothing', () => {
    expect(blocksOf()).toEqual([]);
  });

  it('makes one block of what lies close together, on huge pages', () => {
    const ranges: [number, number][] = [
      [4 * GIB + PAGE, PAGE],
      [4 * GIB + 2 * GAP_BYTES - PAGE, PAGE],
      [4 * GIB + GAP_BYTES, PAGE],
    ];
    expect(blocksOf(...ranges)).toEqual([{ gpa: 4 * GIB, size: 2 * GAP_BYTES }]);
  });

  it('ends a block at the PCI hole', () => {
    expect(blocksOf([4 * GIB, GIB], [0, 2 * GIB])).toEqual([
      { gpa: 0, size: 2 * GIB },
      { gpa: 4 * GIB, size: GIB },
    ]);
  });

  it('joins two blocks when a later range fills the gap', () => {
    expect(blocksOf([0, PAGE], [GIB, PAGE], [0, GIB])).toEqual([{ gpa: 0, size: GIB + FIT_ALIGNMENT }]);
  });

  it('cuts what is larger than a block may be', () => {
    expect(blocksOf([0, MAX_BLOCK_BYTES], [MAX_BLOCK_BYTES, PAGE])).toEqual([
      { gpa: 0, size: MAX_BLOCK_BYTES },
      { gpa: MAX_BLOCK_BYTES, size: FIT_ALIGNMENT },
    ]);
  });

  it('stays below 2^53', () => {
    const last = 2 ** 53 - PAGE;
    expect(blocksOf([last - PAGE, PAGE])).toEqual([{ gpa: 2 ** 53 - FIT_ALIGNMENT, size: FIT_ALIGNMENT - PAGE }]);
  });

  it('holds every range in few, disjoint, aligned blocks, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(someRange, { maxLength: 60 }), (ranges) => {
        const blocks = blocksOf(...ranges);
        const largest = ranges.reduce((size, range) => Math.max(size, range[0] + range[1]), 0);
        expect(blocks.length).toBeLessThanOrEqual(MAX_BLOCKS + Math.ceil(largest / MAX_BLOCK_BYTES));
        let end = 0;
        for (const { gpa, size } of blocks) {
          expect(gpa).toBeGreaterThanOrEqual(end);
          expect(gpa % FIT_ALIGNMENT).toBe(0);
          expect(size).toBeLessThanOrEqual(MAX_BLOCK_BYTES);
          end = gpa + size;
        }
        for (const [gpa, size] of ranges) {
          const held = blocks.reduce((bytes, block) => {
            return bytes + Math.max(0, Math.min(gpa + size, block.gpa + block.size) - Math.max(gpa, block.gpa));
          }, 0);
          expect(held).toBe(size);
        }
        expect(blocksOf(...ranges.toReversed())).toEqual(blocks);
      }),
    );
  });

  it('keeps its memory bounded when addresses are scattered without end', () => {
    const addresses = new AddressFit();
    for (let index = 0; index < 20_000; index++) addresses.add(((index * 7919) % 20_000) * 2 * GAP_BYTES, PAGE);
    const blocks = addresses.blocks();
    expect(blocks.length).toBeLessThanOrEqual(MAX_BLOCKS);
    expect(blocks[0]?.gpa).toBe(0);
    expect((blocks.at(-1)?.gpa ?? 0) + (blocks.at(-1)?.size ?? 0)).toBeGreaterThan(19_999 * 2 * GAP_BYTES);
  });
});

describe('scanTrace of the examples', () => {
  const scan = (name: string) => scanTrace(new TraceReader(createReadStream(`examples/${name}`)));

  it('finds the RAM of the boot trace below 2 GiB and from 4 GiB on', async () => {
    const { lines, blocks, choice, stateChangeLength } = await scan('synthetic-boot-16g.ftrace');
    expect({ lines, stateChangeLength }).toEqual({ lines: 7615, stateChangeLength: 0 });
    expect(choice.chosen()?.events).toEqual(['kvm_hypercall']);
    expect(blocks).toHaveLength(2);
    const [low, high] = blocks;
    expect(low).toEqual({ gpa: 0x32a0_0000, size: 0x7000_0000 - 0x32a0_0000 });
    expect(high).toEqual({ gpa: 4 * GIB, size: 0x4_8000_0000 - 4 * GIB });
  });

  it('finds one block for the KVM selftest', async () => {
    const { lines, blocks, choice } = await scan('kvm-selftest-private-mem.qemu.log');
    expect({ lines, events: choice.chosen()?.events }).toEqual({ lines: 66, events: ['kvm_convert_memory'] });
    expect(blocks).toEqual([{ gpa: 4 * GIB, size: 0x80_0000 }]);
  });

  it('counts the conversions of the boot trace', async () => {
    const reader = new TraceReader(createReadStream('examples/synthetic-boot-16g.ftrace'));
    const events = await Array.fromAsync(reader);
    expect(events).toHaveLength(3129 + 2788 + 573);
    expect(events.filter((event) => 'to' in event && event.to === 'private')).toHaveLength(2788);
    expect(reader.foreign).toBe(7615 - 6490);
  });
});
