// The constructed examples tell the same conversions in every format: each is planned and replayed to the same.
import { createReadStream } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scanTrace } from '../../src/cli/replay/trace-scan.ts';
import type { Plan } from '../../src/planner/plan.ts';
import { planTrace } from '../../src/planner/plan-trace.ts';
import { Planner } from '../../src/planner/planner.ts';
import { MEMORY_SLOT_EVENT, type TraceEvent } from '../../src/traces/trace-event.ts';
import { TraceReader } from '../../src/traces/trace-reader.ts';

const GIB = 2 ** 30;
const MAPS = [
  { gpa: 0, size: 2 * GIB, offset: 0, idstr: 'pc.ram' },
  { gpa: 4 * GIB, size: 2 * GIB, offset: 2 * GIB, idstr: 'pc.ram' },
];

const open = (name: string) => new TraceReader(createReadStream(`examples/constructed-${name}`));
const planOf = (name: string, maps = MAPS): Promise<Plan> => planTrace(open(name), new Planner({ maps }));

/** What the conversions come to, however they were logged. */
function figures({ conversions, trackings, lifetimes }: Plan) {
  const { toShared, toPrivate, changed } = conversions;
  const { ranges, stillSharedBytes } = lifetimes;
  return {
    toShared,
    changed,
    changedToPrivate: toPrivate.changedBytes,
    ranges,
    stillSharedBytes,
    peak: trackings[0]?.mappings.peak,
  };
}

describe('the constructed examples', () => {
  it.each([
    ['qemu-all-events.log', ['kvm_convert_memory'], 18],
    ['qemu-exits.log', ['kvm_hc_map_gpa_range', 'kvm_memory_fault'], 0],
    ['qemu-state-change.log', ['ram_block_attributes_state_change'], 0],
    ['qemu-simpletrace.txt', ['kvm_convert_memory'], 9],
    ['kvm-attributes.ftrace', ['kvm_vm_set_mem_attributes'], 0],
    ['kvm-attributes.trace-cmd.txt', ['kvm_vm_set_mem_attributes'], 0],
    ['kvm-attributes.perf.txt', ['kvm_vm_set_mem_attributes'], 0],
    ['cloud-hypervisor.log', ['KVM_HC_MAP_GPA_RANGE'], 0],
  ])('%s has the conversions of the guest', async (name, events, repeated) => {
    const plan = await planOf(name);
    expect(plan.lines).toMatchObject({ repeated, chosen: { events }, refused: [], cutOff: false });
    expect(figures(plan)).toEqual({
      toShared: { conversions: 5, bytes: 0x60_4000, changedBytes: 0x60_4000 },
      changed: 9,
      changedToPrivate: 0x40_3000,
      ranges: 4,
      stillSharedBytes: 0x20_1000,
      peak: 1538,
    });
    expect(plan.clock.unit).toBe('seconds');
    expect(plan.clock.duration).toBeGreaterThan(0.083);
  });

  it('constructed-snp-early-boot.ftrace has pages of an early boot, and says that this is not all', async () => {
    const { conversions, lines } = await planOf('snp-early-boot.ftrace');
    expect(conversions).toMatchObject({
      total: 4,
      toShared: { changedBytes: 3 * 4096 },
      toPrivate: { changedBytes: 4096 },
    });
    expect(lines.chosen.reason).toMatch(/^only the early boot of an SNP guest/);
  });

  it.each(['qemu-all-events.log', 'qemu-exits.log', 'qemu-simpletrace.txt'])(
    '%s tells its memory layout',
    async (name) => {
      const plan = await planOf(name, []);
      expect(plan.layout).toBe('trace');
      expect(plan.blocks).toEqual([{ idstr: 'ram-0x0', gpa: 0, size: 4 * GIB, guessed: false }]);
      expect(plan.lines).toMatchObject({ layout: 2, refused: [] });
      const { choice, slots } = await scanTrace(open(name));
      expect(choice.chosen()).toMatchObject({ events: plan.lines.chosen.events });
      expect(slots).toEqual(MAPS.map((map) => ({ ...map, idstr: 'ram-0x0' })));
    },
  );

  it('of the log and of simpletrace.py are the same conversions', async () => {
    const conversionsOf = async (name: string) => {
      const entries = await Array.fromAsync(open(name));
      const isOfQemu = (entry: (typeof entries)[number]): entry is TraceEvent => {
        return entry.event !== MEMORY_SLOT_EVENT && /^(?:kvm_convert|ram_)/.test(entry.event);
      };
      return entries.filter(isOfQemu).map(({ event, start, size, to }) => ({ event, start, size, to }));
    };
    expect(await conversionsOf('qemu-simpletrace.txt')).toEqual(await conversionsOf('qemu-all-events.log'));
  });
});
