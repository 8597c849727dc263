import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemorySlot, TraceConversion } from '../../src/traces/trace-event.ts';
import { parseTraceLine } from '../../src/traces/trace-lines.ts';

/** What the line converts; null for another one, and for one that cannot be read. */
function conversionIn(line: string): TraceConversion | null {
  const read = parseTraceLine(line);
  return read === null || read.event === 'unreadable' || read.event === 'kvm_set_user_memory' ? null : read;
}

const hex = (number: number): string => `0x${number.toString(16)}`;

/** As QEMU's log backend and the kernel print it. */
function print(conversion: TraceConversion): string {
  const { event, start, size, to, time } = conversion;
  if (event === 'kvm_hypercall') {
    const stamp = time === null ? '' : ` qemu-system-x86-4201   [003] .....  ${time.seconds.toFixed(6)}: `;
    const attributes = to === 'private' ? '0x10' : '0x0';
    return `${stamp}kvm_hypercall: nr 0xc a0 ${hex(start)} a1 ${hex(size / 4096)} a2 ${attributes}  a3 0x0`;
  }
  const stamp = time === null ? '' : `4711@${time.seconds.toFixed(6)}:`;
  if (event === 'kvm_convert_memory') {
    const message = to === 'private' ? 'shared_to_private' : 'private_to_shared';
    return `${stamp}${event} start ${hex(start)} size ${hex(size)} ${message}`;
  }
  return `${stamp}${event} offset ${hex(start)} size ${hex(size)} from 'mixture' to '${to}'`;
}

const someTime = (clock: 'epoch' | 'boot') =>
  fc.option(fc.nat({ max: 2_000_000_000 }).map((seconds) => ({ clock, seconds: seconds + 0.25 })));
const someNumber = fc.oneof(
  fc.maxSafeNat(),
  fc.nat({ max: 2 ** 20 }).map((page) => page * 4096),
);
const someTarget = fc.constantFrom('shared' as const, 'private' as const);
const someConversion: fc.Arbitrary<TraceConversion> = fc.oneof(
  fc.record({
    event: fc.constantFrom('kvm_convert_memory' as const, 'ram_block_attributes_state_change' as const),
    start: someNumber,
    size: someNumber,
    to: someTarget,
    time: someTime('epoch'),
  }),
  fc.record({
    event: fc.constant('kvm_hypercall' as const),
    start: someNumber,
    size: fc.nat({ max: 2 ** 40 }).map((pages) => pages * 4096),
    to: someTarget,
    time: someTime('boot'),
  }),
);

const CONVERT = 'kvm_convert_memory start 0x100000000 size 0x201000 private_to_shared';
const STATE_CHANGE = "ram_block_attributes_state_change offset 0x1000 size 0x2000 from 'mixture' to 'private'";
const HYPERCALL = 'kvm_hypercall: nr 0xc a0 0x1fdcf4000 a1 0x2 a2 0x10 a3 0x0';
const SLOT =
  'kvm_set_user_memory AddrSpace#0 Slot#1 flags=0x4 gpa=0x100000000 size=0x380000000 ua=0x7f1c80000000 guest_memfd=25 guest_memfd_offset=0x80000000 ret=0';

describe('parseTraceLine', () => {
  it('reads back what the tracers print', () => {
    fc.assert(
      fc.property(someConversion, (conversion) => {
        expect(parseTraceLine(print(conversion))).toEqual(conversion);
      }),
    );
  });

  it('takes any line for foreign, or for a conversion, and never throws', () => {
    const pieces = fc.constantFrom(
      'kvm_convert_memory ',
      'start 0x',
      'size 0x',
      '1000 ',
      'kvm_hypercall:',
      ' nr 0xc',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ unit: 'binary' }))), (parts) => {
        parseTraceLine(parts.join(''));
      }),
    );
  });

  it.each([
    [CONVERT, { event: 'kvm_convert_memory', start: 0x1_0000_0000, size: 0x20_1000, to: 'shared' }],
    [STATE_CHANGE, { event: 'ram_block_attributes_state_change', start: 0x1000, size: 0x2000, to: 'private' }],
    [HYPERCALL, { event: 'kvm_hypercall', start: 0x1_fdcf_4000, size: 0x2000, to: 'private' }],
  ])('reads %s', (line, expected) => {
    expect(parseTraceLine(line)).toEqual({ ...expected, time: null });
  });

  it.each([
    ['a carriage return at the end', `${CONVERT}\r`],
    ['blanks at the end', `${CONVERT}  `],
    ['uppercase digits', 'kvm_convert_memory start 0x1FDCF4000 size 0x1000 private_to_shared'],
    ['trace-cmd: padding after the colon', 'kvm_hypercall:        nr 0xc a0 0x1000 a1 0x1 a2 0x0  a3 0x0'],
    ['a hypercall without a3', 'kvm_hypercall: nr 0xc a0 0x1000 a1 0x1 a2 0x0'],
    [
      'perf: the subsystem before the event',
      ' qemu 4201 [003] 12.500662: kvm:kvm_hypercall: nr 0xc a0 0x1000 a1 0x1 a2 0x0',
    ],
    ['QEMU through ftrace', ` qemu-4201 [003] ..... 12.500662: tracing_mark_write: ${CONVERT}`],
    ['QEMU through syslog', `Nov 22 10:00:00 host qemu-system-x86_64[4711]: ${CONVERT}`],
    ['grep -n', `17:${CONVERT}`],
  ])('takes %s', (_, line) => {
    expect(parseTraceLine(line)).not.toBeNull();
  });

  it.each([
    ['an empty line', ''],
    ['the name alone', 'kvm_convert_memory'],
    ['another event', `x${CONVERT}`],
    ['prose that mentions it', `error in ${CONVERT}`],
    ['a comment', `# see: ${CONVERT}`],
    ['a commented hypercall', `# ${HYPERCALL}`],
    ['a commented line of Cloud Hypervisor', '# x -- KVM_HC_MAP_GPA_RANGE: address=0x1000, pages=1, attributes=0x0'],
    ['prose about the hypercall', 'error: KVM_HC_MAP_GPA_RANGE: not supported'],
    ['another hypercall', 'kvm_hypercall: nr 0x5 a0 0x1000 a1 0x1 a2 0x10 a3 0x0'],
    ['a hypercall whose number begins with c', 'kvm_hypercall: nr 0xc1 a0 0x1000 a1 0x1 a2 0x10 a3 0x0'],
    ['another hypercall that is cut off', 'kvm_hypercall: nr 0x5 a0 0x0 a1'],
    ['another request of the MSR protocol', 'kvm_vmgexit_msr_protocol_enter: vcpu 0, ghcb_gpa 0000000000000002'],
    ['a page state change to neither state', 'kvm_vmgexit_msr_protocol_enter: vcpu 0, ghcb_gpa 0030000012345014'],
    [
      'the exit whose pages are not in the event',
      'kvm_vmgexit_enter: vcpu 0, exit_reason 80000010, exit_info1 0, exit_info2 0',
    ],
    ['a slot without a guest_memfd', `${SLOT.replace('0x4', '0x1')}`],
    ['a slot that is removed', `${SLOT.replace('0x380000000', '0x0')}`],
    ['a slot that KVM refused', `${SLOT.replace('ret=0', 'ret=-22')}`],
    ['a slot of the SMM', `${SLOT.replace('#0', '#1')}`],
    ['a slot as QEMU 8.2 has it', 'kvm_set_user_memory Slot#1 flags=0x1 gpa=0x0 size=0x1000 ua=0x7f00 ret=0'],
  ])('takes %s for foreign', (_, line) => {
    expect(parseTraceLine(line)).toBeNull();
  });

  it.each([
    ['a missing size', 'kvm_convert_memory start 0x1000 private_to_shared'],
    ['a missing direction', 'kvm_convert_memory start 0x1000 size 0x1000'],
    ['a direction that is cut off', 'kvm_convert_memory start 0x1000 size 0x1000 private_to_share'],
    ['a number without 0x', '4711@1763790000.000137:kvm_convert_memory start 4096 size 0x1000 private_to_shared'],
    ['a number of more than 64 bits', 'kvm_convert_memory start 0x10000000000000000 size 0x1000 private_to_shared'],
    ['a negative number', 'kvm_convert_memory start -0x1000 size 0x1000 private_to_shared'],
    ['text behind it', `${CONVERT} ${CONVERT}`],
    ['a hypercall that is cut off', ' qemu-4201 [003] 12.500662: kvm_hypercall: nr 0xc a0 0x1000 a1'],
    [
      'a state change that is cut off',
      "x: ram_block_attributes_state_change offset 0x0 size 0x1000 from 'private' to '",
    ],
    [
      'a state change to a mixture',
      "ram_block_attributes_state_change offset 0x0 size 0x1000 from 'shared' to 'mixture'",
    ],
    ['a state that is none', "ram_block_attributes_state_change offset 0x0 size 0x1000 from 'toString' to 'shared'"],
    [
      'a state change without quotes',
      'ram_block_attributes_state_change offset 0x0 size 0x1000 from shared to private',
    ],
    ['an end before the start', 'kvm_vm_set_mem_attributes: 0x00000000000002 -- 0x00000000000001 [0x8]'],
    ['attributes that are cut off', 'kvm_vm_set_mem_attributes: 0x00000000000002 -- 0x00000000000003 [0x8'],
    ['a register that is cut off', 'kvm_vmgexit_msr_protocol_enter: vcpu 0, ghcb_gpa 002000001234501'],
    ['an exit without flags', 'kvm_hc_map_gpa_range gpa 0x1000 size 0x1000 attributes 0x0'],
    ['a fault without flags', 'kvm_memory_fault start 0x1000 size 0x1000 flags'],
    ['pages that are no decimal number', 'KVM_HC_MAP_GPA_RANGE: address=0x1000, pages=0x1, attributes=0x0'],
    ['simpletrace without its direction', 'kvm_convert_memory 137.021 pid=4711 start=0x1000 size=0x1000'],
    ['simpletrace with decimals', 'kvm_convert_memory 137.021 pid=4711 start=4096 size=4096 msg=private_to_shared'],
    ['a slot that is cut off', SLOT.slice(0, -1)],
    ['a guest_memfd without a file', SLOT.replace(/ guest_memfd=.* ret/, ' ret')],
    ['a slot off page borders', SLOT.replace('gpa=0x1', 'gpa=0x1000000001')],
    ['a slot beyond 2^53-1', SLOT.replace('gpa=0x1', 'gpa=0xfffffff1')],
  ])('takes %s for a line that cannot be read', (_, line) => {
    const name = /(?:kvm_|ram_|KVM_)\w+/.exec(line)?.[0];
    expect(parseTraceLine(line)).toEqual({ event: 'unreadable', name });
  });

  it.each<[string, string, Omit<TraceConversion, 'time'>]>([
    [
      "QEMU's own states",
      "ram_block_attributes_state_change offset 0x80000000 size 0x201000 from 'discarded' to 'populated'",
      { event: 'ram_block_attributes_state_change', start: 0x8000_0000, size: 0x20_1000, to: 'shared' },
    ],
    [
      'a mixture that is discarded',
      "ram_block_attributes_state_change offset 0x0 size 0x1000 from 'mixture' to 'discarded'",
      { event: 'ram_block_attributes_state_change', start: 0, size: 0x1000, to: 'private' },
    ],
    [
      'simpletrace.py',
      'kvm_convert_memory 137.021 pid=4711 start=0x100000000 size=0x201000 msg=private_to_shared',
      { event: 'kvm_convert_memory', start: 0x1_0000_0000, size: 0x20_1000, to: 'shared' },
    ],
    [
      'an older simpletrace.py',
      "kvm_convert_memory 137.021 pid=4711 start=0x100000000 size=0x201000 msg=b'shared_to_private'",
      { event: 'kvm_convert_memory', start: 0x1_0000_0000, size: 0x20_1000, to: 'private' },
    ],
    [
      'a state change of simpletrace.py',
      'ram_block_attributes_state_change 12.500 pid=4711 offset=0x80000000 size=0x201000 from=discarded to=populated',
      { event: 'ram_block_attributes_state_change', start: 0x8000_0000, size: 0x20_1000, to: 'shared' },
    ],
    [
      'an exit for the hypercall',
      'kvm_hc_map_gpa_range gpa 0x100000000 size 0x201000 attributes 0x10 flags 0x1',
      { event: 'kvm_hc_map_gpa_range', start: 0x1_0000_0000, size: 0x20_1000, to: 'private' },
    ],
    [
      'an exit for the hypercall, of simpletrace.py',
      'kvm_hc_map_gpa_range 1.000 pid=4711 gpa=0x1000 size=0x2000 attributes=0x0 flags=0x1',
      { event: 'kvm_hc_map_gpa_range', start: 0x1000, size: 0x2000, to: 'shared' },
    ],
    [
      'a fault',
      'kvm_memory_fault start 0x100000000 size 0x1000 flags 0x8',
      { event: 'kvm_memory_fault', start: 0x1_0000_0000, size: 0x1000, to: 'private' },
    ],
    [
      "the kernel's attributes, by frame",
      '   <...>-12693   [059] .....  1342.536361: kvm_vm_set_mem_attributes:  0x00000000000000 -- 0x00000000080000 [0x8]',
      { event: 'kvm_vm_set_mem_attributes', start: 0, size: 0x8000_0000, to: 'private' },
    ],
    [
      'a split request of its first version',
      'qemu-kvm-12693   [187] .....  1342.747651: kvm_vm_set_mem_attributes:  . 0x00000010000000 -- 0x00000018000000 [0x8]',
      { event: 'kvm_vm_set_mem_attributes', start: 0x100_0000_0000, size: 0x80_0000_0000, to: 'private' },
    ],
    [
      'perf script',
      '       CPU 0/KVM  4711 [003]  1342.536361: kvm:kvm_vm_set_mem_attributes: 0x00000000100000 -- 0x00000000100201 [0x0]',
      { event: 'kvm_vm_set_mem_attributes', start: 0x1_0000_0000, size: 0x20_1000, to: 'shared' },
    ],
    [
      'the MSR protocol',
      ' CPU 0/KVM-4711    [003] .....  12.500662: kvm_vmgexit_msr_protocol_enter: vcpu 0, ghcb_gpa 0020000012345014',
      { event: 'kvm_vmgexit_msr_protocol_enter', start: 0x1234_5000, size: 0x1000, to: 'shared' },
    ],
    [
      'Cloud Hypervisor',
      'cloud-hypervisor:   3.051200s: <vcpu0> DEBUG:hypervisor/src/kvm/mod.rs:2655 -- KVM_HC_MAP_GPA_RANGE: address=0x100000000, pages=513, attributes=0x10\r',
      { event: 'KVM_HC_MAP_GPA_RANGE', start: 0x1_0000_0000, size: 0x20_1000, to: 'private' },
    ],
    [
      'Cloud Hypervisor with another --log-format',
      'x KVM_HC_MAP_GPA_RANGE: address=0x1000, pages=1, attributes=0x0',
      { event: 'KVM_HC_MAP_GPA_RANGE', start: 0x1000, size: 0x1000, to: 'shared' },
    ],
  ])('reads %s', (_, line, expected) => {
    expect(conversionIn(line)).toMatchObject(expected);
  });

  it.each([
    ['the log', SLOT],
    [
      'simpletrace.py',
      'kvm_set_user_memory 0.000 pid=4711 as=0x0 slot=0x1 flags=0x4 guest_phys_addr=0x100000000 memory_size=0x380000000 userspace_addr=0x7f1c80000000 fd=0x19 fd_offset=0x80000000 ret=0x0',
    ],
  ])('reads a memory slot of %s', (_, line) => {
    const slot: MemorySlot = {
      event: 'kvm_set_user_memory',
      gpa: 0x1_0000_0000,
      size: 0x3_8000_0000,
      fd: 25,
      offset: 0x8000_0000,
    };
    expect(parseTraceLine(line)).toEqual(slot);
  });

  it('keeps numbers from 2^53 on beyond 2^53-1', () => {
    const edge = conversionIn('kvm_convert_memory start 0x1fffffffffffff size 0x20000000000001 private_to_shared');
    expect(edge?.start).toBe(Number.MAX_SAFE_INTEGER);
    expect(edge?.size).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
    const pages = conversionIn(
      'kvm_hypercall: nr 0xc a0 0xffffffffffffffff a1 0xffffffffffffffff a2 0xffffffffffffffff',
    );
    expect(pages).toMatchObject({ to: 'private' });
    expect(pages?.size).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    ['0x0', 'shared'],
    ['0x1', 'shared'],
    ['0x10', 'private'],
    ['0x11', 'private'],
    ['0x100', 'shared'],
    ['0x8000000000000010', 'private'],
  ])('looks at bit 4 of the attributes %s', (attributes, to) => {
    expect(conversionIn(`kvm_hypercall: nr 0xc a0 0x1000 a1 0x1 a2 ${attributes} a3 0x0`)).toMatchObject({ to });
  });

  it.each([
    ['QEMU', `4711@1763790000.000137:${CONVERT}`, { clock: 'epoch', seconds: 1763790000.000137 }],
    [
      'QEMU inside another log',
      `2025-11-22T10:00:00Z 4711@1763790000.000137:${CONVERT}`,
      { clock: 'epoch', seconds: 1763790000.000137 },
    ],
    ['ftrace', ` qemu-system-x86-4201   [003] .....  12.500662: ${HYPERCALL}`, { clock: 'boot', seconds: 12.500662 }],
    ['seconds in brackets', `[   12.500662] ${CONVERT}`, { clock: 'boot', seconds: 12.500662 }],
    ['ISO 8601', `2025-11-22T05:40:00.250Z ${CONVERT}`, { clock: 'epoch', seconds: 1763790000.25 }],
    [
      'QEMU since its log has one kind of stamp',
      `2026-11-30T20:51:07.123456Z [vm1] qemu-system-x86_64(4711:CPU 0/KVM): ${CONVERT}`,
      { clock: 'epoch', seconds: Date.parse('2026-11-30T20:51:07Z') / 1000 + 0.123456 },
    ],
    [
      'Cloud Hypervisor',
      'cloud-hypervisor:   3.045617s: <vcpu0> DEBUG:x.rs:2655 -- KVM_HC_MAP_GPA_RANGE: address=0x0, pages=1, attributes=0x0',
      { clock: 'boot', seconds: 3.045617 },
    ],
    ['a counter instead of a clock', ` qemu-4201 [003] 12500662: ${HYPERCALL}`, null],
  ])('reads the time of %s', (_, line, time) => {
    expect(conversionIn(line)?.time).toEqual(time);
  });
});
