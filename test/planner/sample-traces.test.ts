// The plans of the sample traces, with figures that were worked out by hand.
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { findTrace } from '../../src/cli/trace-source.ts';
import type { Plan } from '../../src/planner/plan.ts';
import { planTrace } from '../../src/planner/plan-trace.ts';
import { Planner, type PlanOptions } from '../../src/planner/planner.ts';
import { parseMapOption } from '../../src/traces/map-option.ts';
import { GIB, MIB, PAGE, peaks, planText, tracked } from './planning.ts';

const KIB = 1024;

async function planOf(name: string, options: PlanOptions = {}): Promise<Plan> {
  const trace = await findTrace(new URL(`../../examples/${name}`, import.meta.url).pathname, process.stdin);
  return planTrace(trace.open(), new Planner(options));
}

/*
 * KVM's selftest does the same at 4 GiB and at 4 GiB + 4 MiB (33 lines each). Line 1 shares all of 2 MiB + 4 KiB, which are
 * 513 pages: A, the pages 0 to 511, and B, page 512. Then, twice, for each of the ranges
 *   page 0 | pages 0 to 511 | page 1 | pages 1 to 512 | page 512
 * it is made private, made shared again, and all 513 pages are shared once more, which changes nothing. At the end all turn
 * private (line 32), and once more (line 33), which changes nothing. So there is nothing of a mixture, and of one place
 *   33 lines = 1 + 10 * 3 + 2;  22 that change something = 1 + 10 * 2 + 1;  11 that do not = 10 + 1.
 */
describe('the plan of the selftest', () => {
  it('counts its conversions', async () => {
    const { lines, conversions, clock } = await planOf('kvm-selftest-private-mem.qemu.log');
    expect(lines).toMatchObject({ total: 66, applied: 66, foreign: 0, refused: [] });
    // From .000137 to .009048.
    expect(clock).toEqual({ unit: 'seconds', duration: 0.008911 });
    expect(conversions).toMatchObject({ total: 66, changed: 44, unchanged: 22, mixed: 0, acrossBlocks: 0 });
    // To shared: 1 + 20 lines of each place; to private 10 + 2. Changed both times: 513 pages, and twice 1 + 512 + 1 + 512 + 1.
    const changedBytes = 2 * (513 + 2 * 1027) * PAGE;
    expect(conversions.toShared).toMatchObject({ conversions: 42, changedBytes });
    expect(conversions.toPrivate).toMatchObject({ conversions: 24, changedBytes });
    // A page: 3 of the 5 ranges; 2 MiB: 2 of them; all: line 1 and ten more to shared, two to private.
    expect(conversions.sizes).toEqual([
      { upTo: 4 * KIB, toShared: 2 * 2 * 3, toPrivate: 2 * 2 * 3 },
      { upTo: 2 * MIB, toShared: 2 * 2 * 2, toPrivate: 2 * 2 * 2 },
      { upTo: 4 * MIB, toShared: 2 * 11, toPrivate: 2 * 2 },
    ]);
    expect(conversions.perSecond).toBeCloseTo(66 / 0.008911, 6);
    expect(conversions.busiestSecond).toEqual({ at: 0, conversions: 66 });
  });

  it('counts mappings', async () => {
    const plan = await planOf('kvm-selftest-private-mem.qemu.log');
    // 513 pages; 2 runs while page 1 is private; 33 pieces of 64 KiB, of 2 MiB one for A and one for B; 1 of 1 GiB.
    expect(peaks(plan)).toEqual([513, 2, 33, 2, 1]);
    expect(plan.trackings.map(({ mappings }) => mappings.end)).toEqual([0, 0, 0, 0, 0]);
    expect(plan.trackings.map(({ mappings }) => mappings.exceeded)).toEqual([null, null, null, null, null]);
    // Page 1 alone is private for the first time in line 8: 7 steps of 137 us, and a microsecond of rounding.
    expect(tracked(plan, 'run').mappings.peakAt).toEqual({ line: 8, at: 0.00096 });
    expect(plan.smallestGranularity).toBe(PAGE);
  });

  it('counts what is pinned, also what is private', async () => {
    const plan = await planOf('kvm-selftest-private-mem.qemu.log');
    expect(plan.blocks).toEqual([{ idstr: 'ram-0x100000000', gpa: 4 * GIB, size: GIB, guessed: true }]);
    const all = 513 * PAGE;
    expect(plan.trackings.map(({ pinned }) => pinned.peakBytes)).toEqual([all, all, 33 * 64 * KIB, 4 * MIB, GIB]);
    // At 64 KiB: 15 of the 16 pages around B, and page 0 or 1. At 2 MiB: 511 around B, and one of A. At 1 GiB most is
    // private while B alone is shared, or page 0.
    const peakPrivate = [0, 0, 16 * PAGE, 512 * PAGE, GIB - PAGE];
    expect(plan.trackings.map(({ pinned }) => pinned.peakPrivateBytes)).toEqual(peakPrivate);
    // At 64 KiB and at 2 MiB: page 0, page 1, and pages 1 to 512 (page 0 keeps its piece), twice at each place. At 1 GiB
    // every range but all of it.
    const kept = plan.trackings.map(({ pinnedConversions }) => pinnedConversions);
    expect(kept).toEqual([0, 0, 2 * 2 * 3, 2 * 2 * 3, 2 * 2 * 5]);
  });

  it('counts lifetimes', async () => {
    const { lifetimes } = await planOf('kvm-selftest-private-mem.qemu.log');
    // What ends with each line that turns something private, with the lines of its making:
    //   2: page 0 (1)             5: page 0 (3), 1..511 (1)      8: page 1 (6)       11: page 1 (9), 2..511 (6), 512 (1)
    //  14: page 512 (12)         17: page 0 (6)                 20: page 0 (18), 1..511 (12)      23: page 1 (21)
    //  26: page 1 (24), 2..511 (21), 512 (15)                   29: page 512 (27)
    //  32: page 0 (21), 1..511 (27), 512 (30)
    const ranges = 2 * (1 + 2 + 1 + 3 + 1 + 1 + 2 + 1 + 3 + 1 + 3);
    expect(ranges).toBe(38);
    expect(lifetimes).toMatchObject({ ranges, stillSharedRanges: 0, stillSharedBytes: 0 });
    expect(lifetimes.bytes).toBe(2 * (513 + 2 * 1027) * PAGE);
    // One step of 137 us; and page 0 from line 21 to line 32, or of the second place from 54 to 65: 11 steps.
    expect(lifetimes.shortest).toBe(0.000137);
    expect(lifetimes.longest).toBeCloseTo(11 * 0.000137, 5);
    // 7 steps are below a millisecond, 8 are not: those of lines 11 (512), 17, 20 (1..511), 26 (512), 32 (page 0).
    expect(lifetimes.histogram).toMatchObject([
      { below: 0.001, ranges: ranges - 2 * 5 },
      { below: 0.01, ranges: 2 * 5, bytes: 2 * (1 + 1 + 511 + 1 + 1) * PAGE },
    ]);
  });

  it('finds what is converted most', async () => {
    const { hottest } = await planOf('kvm-selftest-private-mem.qemu.log');
    // A: all ranges but page 512, both ways, twice, and lines 1 and 32. B: only pages 1 to 512 and page 512.
    const [ofA, ofB] = [2 * 2 * 4 + 2, 2 * 2 * 2 + 2];
    const piece = (index: number, conversions: number) => {
      const offset = index * 2 * MIB;
      return { idstr: 'ram-0x100000000', offset, gpa: 4 * GIB + offset, conversions };
    };
    const pieces = [piece(0, ofA), piece(2, ofA), piece(1, ofB), piece(3, ofB)];
    expect(hottest).toEqual({ pieceBytes: 2 * MIB, exact: true, pieces });
  });
});

/*
 * The boot of a guest with 16 GiB: 6,490 hypercalls 0xc among 7,615 lines. Lines 7 to 23 share 24 pages, one and two in
 * turn, 16 times. From line 24 on follow 491 steps of 2 MiB, from 0x32a00000 to 0x70000000: the swiotlb. Then buffers come and go.
 */
describe('the plan of the boot', () => {
  it('says when the limit is exceeded, for how long, and what fits', async () => {
    const plan = await planOf('synthetic-boot-16g.ftrace');
    expect(plan.lines).toMatchObject({ total: 7615, applied: 6490, foreign: 1125, refused: [] });
    // 24 + 127 * 512 = 65,048 pages; with the 128th step 65,560, in line 173 at 12.560354. It stays above: the swiotlb alone
    // has 491 * 512 = 251,392. The first line is of 12.500662, the last of 15.459391.
    const page = tracked(plan, 'page').mappings;
    const first = { line: 173, at: 0.059692 };
    expect(page.exceeded).toMatchObject({ first, duration: 15.459391 - 12.560354, times: 1 });
    expect(plan.clock.duration).toBeCloseTo(15.459391 - 12.500662, 9);
    // As the simulated device counts them (npm run demo).
    expect(page.peak).toBe(263_493);
    expect(plan.smallestGranularity).toBe(64 * KIB);
    expect(tracked(plan, '64KiB').mappings.exceeded).toBeNull();
  });

  it('has at the end what was shared less what turned private', async () => {
    const plan = await planOf('synthetic-boot-16g.ftrace');
    const { toShared, toPrivate, mixed, unchanged } = plan.conversions;
    // Hypercalls 0xc with a2 0x0 and 0x1, and with a2 0x10.
    expect([toShared.conversions, toPrivate.conversions]).toEqual([3129 + 573, 2788]);
    // All change all of their pages but one: line 4898 shares 4 MiB at 0x44ca00000, of which line 18 shared two pages.
    expect([mixed, unchanged]).toEqual([1, 0]);
    expect(toShared.changedBytes).toBe(toShared.bytes - 2 * PAGE);
    expect(toPrivate.changedBytes).toBe(toPrivate.bytes);
    const end = toShared.bytes - 2 * PAGE - toPrivate.bytes;
    expect(tracked(plan, 'page').mappings.end).toBe(end / PAGE);
    expect(plan.lifetimes).toMatchObject({ stillSharedBytes: end, bytes: toPrivate.bytes });
  });

  it('finds the memory of the guest, and needs less than all of it', async () => {
    const plan = await planOf('synthetic-boot-16g.ftrace');
    expect(plan.blocks.map(({ gpa, size }) => [gpa, size])).toEqual([
      [0, 2 * GIB],
      [4 * GIB, 14 * GIB],
    ]);
    expect(plan.ramBytes).toBe(16 * GIB);
    const pinned = plan.trackings.map((tracking) => tracking.pinned.peakBytes);
    expect(pinned[0]).toBe(263_493 * PAGE);
    // Buffers lie everywhere, so of pieces of 1 GiB all are needed.
    expect(pinned.at(-1)).toBe(16 * GIB);
  });

  it('is after the swiotlb 24 pages and 982 MiB', async () => {
    const text = await readFile(new URL('../../examples/synthetic-boot-16g.ftrace', import.meta.url), 'latin1');
    const lines = text.split('\n');
    const last = lines.findIndex((line) => line.includes('a0 0x6fe00000 a1 0x200'));
    const plan = await planText(lines.slice(0, last + 1).join('\n'));
    const steps = 982 / 2;
    // 16 times a page or two, far from each other and from the swiotlb: 16 runs, and 16 pieces of 64 KiB.
    expect(peaks(plan).slice(0, 3)).toEqual([24 + steps * 512, 16 + 1, 16 + steps * 32]);
    expect(plan.conversions).toMatchObject({ total: 16 + steps, mixed: 0, unchanged: 0 });
    expect(plan.listener).toMatchObject({ requests: 16 + steps, discards: 0, sections: 16 + steps });
    expect(tracked(plan, '64KiB').pinned.peakPrivateBytes).toBe((16 * 16 - 24) * PAGE);
  });
});

/*
 * Two NUMA nodes of 1 GiB. Lines 3 to 8 share 8 pages, far from each other and from the border of the nodes. Over the
 * border lie: lines 9 to 16, four buffers that come and go; 17 and 18, 16 MiB, twice; 19 to 24, 64 KiB of them to private
 * and back, three times; 29 and 30, 32 MiB around those, twice; 31, a part of them; and 47 and 48 of 46 to 48. Line 25 goes
 * from the last 16 pages of node 1 over its end, 28 takes those back; 26 and 27 lie in no node.
 */
describe('the plan of two nodes', () => {
  const maps = ['0:1G:ram-node0', '1G:1G:ram-node1'].map(parseMapOption);

  it('counts what lies over the border, in holes, and is of a mixture', async () => {
    const { lines, conversions, listener } = await planOf('numa-two-nodes.qemu.log', { maps });
    expect(lines).toMatchObject({ total: 48, applied: 44, foreign: 2, cutOff: false });
    expect(lines.refused).toEqual([
      { reason: 'unmappedToShared', lines: 1, firstLine: 26 },
      { reason: 'unmappedToPrivate', lines: 1, firstLine: 27 },
    ]);
    // Lines 18, 30 and 31 change nothing. Line 29 is of what 17 shared and of as much that was private; 47 is of the
    // 2 MiB that 46 took and of 2 MiB that it left.
    expect(conversions).toMatchObject({ total: 44, unchanged: 3, mixed: 2, acrossBlocks: 8 + 2 + 6 + 3 + 2 });
    // One for each of the 41 others, and a second one for those of them over the border where both nodes change: all 21
    // but the three that change nothing, and 47, which changes node 0 only.
    expect(listener.requests).toBe(41 + 21 - 3 - 1);
  });

  it('counts mappings', async () => {
    const plan = await planOf('numa-two-nodes.qemu.log', { maps });
    // 8 pages and 32 MiB; of lines 32 to 45 one page stays before the 3 pages of line 41, and 2 after them. Line 46 takes
    // 10 MiB, 47 gives back 2 MiB, and 48 takes as much.
    const page = tracked(plan, 'page').mappings;
    expect(page).toMatchObject({ peak: 8 + 8192 + 1 + 3, end: 8 + 8192 + 1 + 2 - 2560 + 512 - 512 });
    expect(page.peakAt?.line).toBe(41);
    expect(tracked(plan, '1GiB').pinned).toMatchObject({ peakBytes: 2 * GIB, endBytes: 2 * GIB });
  });
});
