// Where conversions belong: in the blocks that were named, or in blocks that fit the trace.
import { describe, expect, it } from 'vitest';
import { GIB, MIB, PAGE, peaks, planText, stateChange, toPrivate, toShared, tracked } from './planning.ts';

const TIB = 2 ** 40;

describe('without maps', () => {
  it('blocks are whole GiB around what is converted, and said to be guessed', async () => {
    const text = toShared(3 * GIB - MIB, MIB) + toShared(4 * GIB, PAGE) + toShared(20 * GIB + PAGE, PAGE);
    const { blocks, ramBytes } = await planText(text);
    expect(blocks).toEqual([
      { idstr: 'ram-0x80000000', gpa: 2 * GIB, size: GIB, guessed: true },
      { idstr: 'ram-0x100000000', gpa: 4 * GIB, size: GIB, guessed: true },
      { idstr: 'ram-0x500000000', gpa: 20 * GIB, size: GIB, guessed: true },
    ]);
    expect(ramBytes).toBe(3 * GIB);
  });

  it('blocks that touch are one', async () => {
    const { blocks } = await planText(toShared(GIB - PAGE, PAGE) + toShared(2 * GIB - PAGE, PAGE));
    expect(blocks).toMatchObject([{ gpa: 0, size: 2 * GIB }]);
  });

  it('pieces are those of guest physical addresses', async () => {
    // 1 MiB on both sides of 5 GiB.
    const plan = await planText(toShared(5 * GIB - MIB, 2 * MIB));
    expect(peaks(plan)).toEqual([512, 1, 32, 2, 2]);
    expect(plan.trackings.map(({ pinned }) => pinned.peakBytes)).toEqual([2 * MIB, 2 * MIB, 2 * MIB, 4 * MIB, 2 * GIB]);
  });

  it('takes the highest addresses, and refuses what is larger than any block', async () => {
    const end = 2 ** 53 - PAGE;
    const { blocks, lines } = await planText(
      toShared(end - PAGE, PAGE) + toShared(0, 65 * TIB) + toPrivate(0, 65 * TIB),
    );
    expect(blocks).toEqual([
      { idstr: `ram-0x${(end - GIB + PAGE).toString(16)}`, gpa: end - GIB + PAGE, size: GIB - PAGE, guessed: true },
    ]);
    expect(lines.refused).toEqual([
      { reason: 'unmappedToShared', lines: 1, firstLine: 2 },
      { reason: 'unmappedToPrivate', lines: 1, firstLine: 3 },
    ]);
  });

  it('a run goes on over 64 TiB, where two of the largest blocks meet, as two', async () => {
    expect(peaks(await planText(toShared(64 * TIB - PAGE, 2 * PAGE)))).toEqual([2, 2, 2, 2, 2]);
  });

  it('state changes are of a block whose address is not known', async () => {
    const plan = await planText(stateChange(0, PAGE) + stateChange(GIB, PAGE) + stateChange(0, PAGE, 'private'));
    expect(plan.blocks).toEqual([{ idstr: 'ram', gpa: null, size: 2 * GIB, guessed: true }]);
    expect(peaks(plan)).toEqual([2, 2, 2, 2, 2]);
    expect(plan.hottest.pieces).toMatchObject([
      { idstr: 'ram', offset: 0, gpa: null, conversions: 2 },
      { idstr: 'ram', offset: GIB, gpa: null },
    ]);
  });

  it('names the block of state changes as it is told', async () => {
    expect((await planText(stateChange(0, PAGE), { block: 'pc.ram' })).blocks).toMatchObject([{ idstr: 'pc.ram' }]);
  });
});

describe('state changes beside kvm_convert_memory', () => {
  const pair = (start: number) => toShared(4 * GIB + start, PAGE) + stateChange(start, PAGE);

  it('are counted, not applied', async () => {
    const { lines, conversions } = await planText(pair(0) + pair(PAGE));
    expect(lines).toMatchObject({ total: 4, applied: 2, repeated: 2 });
    expect(conversions.total).toBe(2);
  });

  it('are forgotten where they came first: the recording begins between the two', async () => {
    const plan = await planText(stateChange(0, PAGE) + stateChange(8 * PAGE, PAGE) + pair(PAGE));
    expect(plan.lines).toMatchObject({ total: 4, applied: 1, repeated: 3 });
    expect(plan.blocks).toMatchObject([{ gpa: 4 * GIB }]);
    expect(peaks(plan)).toEqual([1, 1, 1, 1, 1]);
    expect(plan.listener.requests).toBe(1);
  });

  it('that came first are applied where a hypercall came, too, until a conversion of QEMU comes', async () => {
    const hypercall = 'kvm_hypercall: nr 0xc a0 0x0 a1 0x1 a2 0x0 a3 0x0\n';
    const { lines } = await planText(stateChange(0, PAGE) + hypercall);
    expect(lines).toMatchObject({ applied: 1, repeated: 1 });
    const { lines: more } = await planText(stateChange(0, PAGE) + hypercall + pair(PAGE));
    expect(more).toMatchObject({ applied: 1, repeated: 3 });
  });
});

describe('with maps', () => {
  const maps = ['0:1G:low', '4G:1G:high'];

  it('the blocks are those that were named, used or not', async () => {
    const { blocks, ramBytes } = await planText(toShared(4 * GIB, PAGE), { maps });
    expect(blocks).toEqual([
      { idstr: 'low', gpa: 0, size: GIB, guessed: false },
      { idstr: 'high', gpa: 4 * GIB, size: GIB, guessed: false },
    ]);
    expect(ramBytes).toBe(2 * GIB);
  });

  it('holes are as the range rules have them, each with its first line', async () => {
    const text =
      toShared(2 * GIB, PAGE) +
      toShared(GIB - PAGE, 2 * PAGE) +
      toPrivate(GIB - PAGE, 2 * PAGE) +
      toShared(2 * GIB, PAGE);
    const { lines, conversions } = await planText(text, { maps });
    expect(lines.refused).toEqual([
      { reason: 'unmappedToShared', lines: 2, firstLine: 1 },
      { reason: 'unmappedToPrivate', lines: 1, firstLine: 3 },
    ]);
    // Of line 2 the part in the block.
    expect(conversions).toMatchObject({ total: 1, toShared: { bytes: PAGE } });
  });

  it('counts a conversion over two blocks once, for a listener on each', async () => {
    const two = ['0:1G:a', '1G:1G:b'];
    const plan = await planText(
      toShared(GIB - PAGE, 2 * PAGE) + toPrivate(GIB, PAGE) + toShared(GIB - PAGE, 2 * PAGE),
      { maps: two },
    );
    expect(plan.conversions).toMatchObject({ total: 3, acrossBlocks: 2, mixed: 1 });
    expect(plan.listener).toMatchObject({ requests: 4, populates: 3, discards: 1, sections: 4 });
    // A run ends where the block does.
    expect(tracked(plan, 'run').mappings.peak).toBe(2);
  });

  it('pieces are those of the RAM block, the last one as long as the rest of it', async () => {
    const plan = await planText(toShared(4 * GIB + 3 * MIB, PAGE), { maps: ['0x100100000:3M:vram'] });
    expect(plan.trackings.map(({ pinned }) => pinned.peakBytes)).toEqual([PAGE, PAGE, 64 * 1024, MIB, 3 * MIB]);
  });

  it('state changes are of the only block, or of the one that is told', async () => {
    const only = await planText(stateChange(0, PAGE), { maps: ['4G:1G:pc.ram'] });
    expect(only.blocks).toMatchObject([{ idstr: 'pc.ram' }]);
    expect(only.hottest.pieces).toMatchObject([{ gpa: 4 * GIB }]);
    const told = await planText(stateChange(PAGE, PAGE), { maps, block: 'high' });
    expect(told.hottest.pieces).toMatchObject([{ idstr: 'high', gpa: 4 * GIB }]);
    expect(told.blocks).toHaveLength(2);
    const beyond = await planText(stateChange(GIB, PAGE), { maps, block: 'high' });
    expect(beyond.lines.refused).toMatchObject([{ reason: 'outsideBlock' }]);
    const unknown = await planText(stateChange(GIB, PAGE), { maps });
    expect(unknown.blocks).toHaveLength(3);
  });

  it('that overlap are refused', async () => {
    await expect(async () => planText('', { maps: ['0:2G:a', '1G:1G:b'] })).rejects.toMatchObject({
      code: 'invalid-range',
      message: expect.stringMatching(/0x0 and 0x40000000 overlap/),
    });
  });
});

describe('memory slots in the trace', () => {
  const slot = (gpa: number, size: number, offset: number, fd = 25) =>
    `kvm_set_user_memory AddrSpace#0 Slot#0 flags=0x4 gpa=0x${gpa.toString(16)} size=0x${size.toString(16)} ua=0x0 guest_memfd=${fd} guest_memfd_offset=0x${offset.toString(16)} ret=0\n`;
  const attributes = (gpa: number, size: number, isPrivate: boolean) => {
    const frame = (bytes: number) => (bytes / PAGE).toString(16).padStart(14, '0');
    return `kvm_vm_set_mem_attributes: 0x${frame(gpa)} -- 0x${frame(gpa + size)} [${isPrivate ? '0x8' : '0x0'}]\n`;
  };

  it('are the layout, also where memory is set private between them', async () => {
    const text =
      slot(0, GIB, 0) +
      attributes(0, GIB, true) +
      slot(4 * GIB, GIB, GIB) +
      attributes(4 * GIB, GIB, true) +
      attributes(GIB - PAGE, PAGE, false) +
      attributes(4 * GIB, PAGE, false);
    const { layout, blocks, lines, hottest } = await planText(text);
    expect({ layout, blocks }).toEqual({
      layout: 'trace',
      blocks: [{ idstr: 'ram-0x0', gpa: 0, size: 2 * GIB, guessed: false }],
    });
    expect(lines).toMatchObject({ total: 6, applied: 4, layout: 2, refused: [] });
    expect(hottest.pieces.map(({ offset }) => offset).toSorted((a, b) => a - b)).toEqual([GIB - 2 * MIB, GIB]);
  });

  it('do not count after the first conversion to shared: the trace began too late', async () => {
    const { layout, lines, blocks } = await planText(toShared(0, PAGE) + slot(4 * GIB, PAGE, 0) + toShared(GIB, PAGE));
    expect({ layout, applied: lines.applied, slots: lines.layout }).toEqual({ layout: 'guess', applied: 2, slots: 1 });
    expect(blocks).toMatchObject([{ gpa: 0, size: 2 * GIB, guessed: true }]);
  });

  it('are of no use beside maps', async () => {
    const { layout, blocks } = await planText(slot(0, GIB, 0) + toShared(0, PAGE), { maps: ['0:2G:pc.ram'] });
    expect({ layout, blocks }).toMatchObject({ layout: 'map', blocks: [{ idstr: 'pc.ram', size: 2 * GIB }] });
  });

  it('have the offsets of state changes where they are of one block', async () => {
    const { blocks, lines } = await planText(slot(0, GIB, 0) + slot(4 * GIB, GIB, GIB) + stateChange(GIB, PAGE));
    expect(blocks).toHaveLength(1);
    expect(lines).toMatchObject({ applied: 1, refused: [] });
  });
});
