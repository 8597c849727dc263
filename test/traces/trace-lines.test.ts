import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDamagedConversion, parseTraceLine, type TraceConversion } from '../../src/traces/trace-lines.ts';

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
    ['a missing size', 'kvm_convert_memory start 0x1000 private_to_shared'],
    ['a missing direction', 'kvm_convert_memory start 0x1000 size 0x1000'],
    ['a direction that is cut off', 'kvm_convert_memory start 0x1000 size 0x1000 private_to_share'],
    ['a number without 0x', 'kvm_convert_memory start 4096 size 0x1000 private_to_shared'],
    ['a number of more than 64 bits', 'kvm_convert_memory start 0x10000000000000000 size 0x1000 private_to_shared'],
    ['a negative number', 'kvm_convert_memory start -0x1000 size 0x1000 private_to_shared'],
    ['text behind it', `${CONVERT} ${CONVERT}`],
    ['another event', `x${CONVERT}`],
    ['prose that mentions it', `error in ${CONVERT}`],
    ['a comment', `# see: ${CONVERT}`],
    ['a commented hypercall', `# ${HYPERCALL}`],
    ['another hypercall', 'kvm_hypercall: nr 0x5 a0 0x1000 a1 0x1 a2 0x10 a3 0x0'],
    ['a hypercall whose number begins with c', 'kvm_hypercall: nr 0xc1 a0 0x1000 a1 0x1 a2 0x10 a3 0x0'],
    ['a hypercall without attributes', 'kvm_hypercall: nr 0xc a0 0x1000 a1 0x1'],
    [
      'a state change to a mixture',
      "ram_block_attributes_state_change offset 0x0 size 0x1000 from 'shared' to 'mixture'",
    ],
    [
      'a state change without quotes',
      'ram_block_attributes_state_change offset 0x0 size 0x1000 from shared to private',
    ],
  ])('takes %s for foreign', (_, line) => {
    expect(parseTraceLine(line)).toBeNull();
  });

  it('keeps numbers from 2^53 on beyond 2^53-1', () => {
    const edge = parseTraceLine('kvm_convert_memory start 0x1fffffffffffff size 0x20000000000001 private_to_shared');
    expect(edge?.start).toBe(Number.MAX_SAFE_INTEGER);
    expect(edge?.size).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
    const pages = parseTraceLine(
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
    expect(parseTraceLine(`kvm_hypercall: nr 0xc a0 0x1000 a1 0x1 a2 ${attributes} a3 0x0`)).toMatchObject({ to });
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
    ['a counter instead of a clock', ` qemu-4201 [003] 12500662: ${HYPERCALL}`, null],
  ])('reads the time of %s', (_, line, time) => {
    expect(parseTraceLine(line)?.time).toEqual(time);
  });
});

describe('isDamagedConversion', () => {
  it.each([
    'kvm_convert_memory start 0x1000 size 0x10',
    '4711@1763790000.000137:kvm_convert_memory start 4096 size 4096 private_to_shared',
    "x: ram_block_attributes_state_change offset 0x0 size 0x1000 from 'private' to '",
    ' qemu-4201 [003] 12.500662: kvm_hypercall: nr 0xc a0 0x1000 a1',
  ])('is so of %j', (line) => {
    expect(parseTraceLine(line)).toBeNull();
    expect(isDamagedConversion(line)).toBe(true);
  });

  it.each([
    '',
    '# kvm_convert_memory start 0x1000',
    'see kvm_convert_memory and others',
    'kvm_hypercall: nr 0x5 a0 0x0 a1',
    'kvm_hypercall: nr 0xc0 a0 0x0 a1 0x0 a2 0x0 a3 0x0',
    ' qemu-4201 [003] 12.500662: kvm_exit: reason VMGEXIT',
  ])('is not so of %j', (line) => {
    expect(isDamagedConversion(line)).toBe(false);
  });
});
