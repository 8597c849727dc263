// Random traces: lines as the tracers write them, the same with a fault somewhere, and what only looks like them.
import fc from 'fast-check';
import { MAX_LINE_LENGTH } from '../../src/traces/trace-reader.ts';

const someDigits = (maxLength: number) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.nat().map(String) },
    // At the limits: with zeros before it, a number may be small and yet too long.
    fc.tuple(fc.nat(), fc.integer({ min: 9, max: 17 })).map(([number, length]) => String(number).padStart(length, '0')),
    fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength }),
  );
const someHex = fc.oneof(
  fc.nat({ max: 0x20 }).map((number) => number.toString(16)),
  fc.nat({ max: 2 ** 24 }).map((page) => (page * 4096).toString(16)),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((number) => number.toString(16)),
  fc.bigInt({ min: -5000n, max: 5000n }).map((number) => (2n ** 53n + number).toString(16)),
  fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF'), maxLength: 17 }),
);
const oneBlank = fc.constantFrom(' ', ' ', ' ', ' ', '\t', '\u00a0', '\v', '\f', '\r', '\u0085', '_', '');
const someBlanks = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(' ', '  ') },
  fc.array(oneBlank, { maxLength: 3 }).map((blanks) => blanks.join('')),
);

const someStamp = fc
  .tuple(
    someDigits(16),
    fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 999_999 }).map(padded) }, someDigits(11)),
    fc.constantFrom('.', '.', '.', '.', ''),
  )
  .map(([whole, fraction, dot]) => `${whole}${dot}${fraction}`);
const someIsoStamp = fc
  .tuple(
    fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
    fc.constantFrom('Z', '', '+02:00', '-0130', '+1'),
    fc.constantFrom('T', ' ', 't'),
  )
  .map(([date, zone, between]) => date.toISOString().replace('T', between).replace('Z', zone));

const text = (strings: TemplateStringsArray, ...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((values) => String.raw({ raw: strings }, ...values));

const someToken = fc.oneof(
  fc.constantFrom(...' \t\r\u00a0:@.[]#-+TZ\0'),
  fc.constantFrom('nr 0xc ', 'kvm_', 'tracing_mark_write:', 'error in ', 'qemu-system-x86-4201', 'Ä', 'µs', '字', '🙂'),
  someStamp,
  someIsoStamp,
  someDigits(16),
);
const somePrefix = fc.oneof(
  fc.constant(''),
  text`${someDigits(11)}@${someStamp}:`,
  text`${someToken}${someDigits(11)}@${someStamp}:`,
  text` qemu-system-x86-4201   [003] .....${someBlanks}${someStamp}:${someBlanks}`,
  text` qemu 4201 [003] ${someStamp}: kvm:`,
  text` qemu-4201 [003] ..... ${someStamp}: tracing_mark_write: `,
  text`${someBlanks}${fc.constantFrom('', '#')}${someBlanks}${someStamp}: ${fc.constantFrom('', 'kvm:', 'kvm: ')}`,
  text`[${someBlanks}${someStamp}]${someBlanks}`,
  text`${someStamp}${someBlanks}`,
  text`${someIsoStamp}${someBlanks}`,
  text`cloud-hypervisor: ${someBlanks}${someStamp}s: <vcpu0> DEBUG:hypervisor/src/kvm/mod.rs:2655 -- `,
  text`${someIsoStamp} [vm1] qemu-system-x86_64(4711:CPU 0/KVM): `,
  text`       CPU 0/KVM  4711 [003] ${someStamp}:    kvm:`,
  text`${someIsoStamp} 4711@${someStamp}:`,
  text`${someIsoStamp} host ${fc.constantFrom('qemu[4711]:', 'qemu')} `,
  fc.constantFrom('Nov 22 10:00:00 host qemu-system-x86_64[4711]: ', '17:', '#', '  # see: ', 'error in ', ' '),
  fc.array(someToken, { maxLength: 8 }).map((tokens) => tokens.join('')),
);

const someState = fc.constantFrom('populated', 'discarded', 'mixture', 'shared', 'private', 'constructor');
const someFrame = fc.oneof(
  fc.nat({ max: 2 ** 24 }).map((frame) => frame.toString(16).padStart(14, '0')),
  someHex,
);
const someBits = fc.oneof(fc.constantFrom('0', '8', '10', '18', '1', '9'), someHex);
const someRegister = fc.oneof(
  fc.tuple(fc.constantFrom('0010', '0020', '0030', 'ff10'), fc.nat({ max: 2 ** 30 })).map(([head, frame]) => {
    return `${head}${frame.toString(16).padStart(9, '0')}014`;
  }),
  someHex.map((hex) => hex.padStart(16, '0')),
);
const someDirection = fc.constantFrom('shared_to_private', 'private_to_shared');
const someDelta = fc.tuple(fc.integer({ min: -3, max: 10 ** 9 }), fc.nat({ max: 999 })).map(([micros, nanos]) => {
  return `${micros}.${String(nanos).padStart(3, '0')} pid=4711`;
});
const someQuoted = (word: fc.Arbitrary<string>) =>
  fc.oneof(
    word,
    word.map((one) => `b'${one}'`),
  );
const someNewEvent = fc.oneof(
  text`kvm_hc_map_gpa_range gpa 0x${someHex} size 0x${someHex} attributes 0x${someBits} flags 0x${someBits}`,
  text`kvm_memory_fault start 0x${someHex} size 0x${someHex} flags 0x${someBits}`,
  text`kvm_vm_set_mem_attributes:${fc.constantFrom(' ', '  ', '  . ', '')}0x${someFrame} -- 0x${someFrame} [0x${someBits}]`,
  fc.nat({ max: 2 ** 24 }).chain((start) => {
    return text`kvm_vm_set_mem_attributes: 0x${fc.constant(start.toString(16).padStart(14, '0'))} -- 0x${fc.nat({ max: 5000 }).map((more) => (start + more).toString(16).padStart(14, '0'))} [0x${fc.constantFrom('0', '8')}]`;
  }),
  text`kvm_vmgexit_msr_protocol_enter: vcpu ${fc.nat({ max: 99 }).map(String)}, ghcb_gpa ${someRegister}`,
  text`KVM_HC_MAP_GPA_RANGE: address=0x${someHex}, pages=${someDigits(21)}, attributes=0x${someBits}`,
  text`kvm_set_user_memory ${fc.constantFrom('AddrSpace#0 ', 'AddrSpace#1 ', '')}Slot#1 flags=0x${fc.constantFrom('0', '4', '5', '6')} gpa=0x${someHex} size=0x${someHex} ua=0x7f1c80000000${fc.oneof(fc.constant(''), text` guest_memfd=${fc.constantFrom('25', '-1')} guest_memfd_offset=0x${someHex}`)} ret=${fc.constantFrom('0', '-22')}`,
  text`kvm_set_user_memory AddrSpace#0 Slot#1 flags=0x4 gpa=0x80000000 size=0x1000 ua=0x0 guest_memfd=25 guest_memfd_offset=0x${fc.constantFrom('0', '1000')} ret=0`,
  text`kvm_convert_memory ${someDelta} start=0x${someHex} size=0x${someHex} msg=${someQuoted(someDirection)}`,
  text`ram_block_attributes_state_change ${someDelta} offset=0x${someHex} size=0x${someHex} from=${someQuoted(someState)} to=${someQuoted(someState)}`,
  text`kvm_hc_map_gpa_range ${someDelta} gpa=0x${someHex} size=0x${someHex} attributes=0x${someBits} flags=0x${someBits}`,
  text`kvm_memory_fault ${someDelta} start=0x${someHex} size=0x${someHex} flags=0x${someBits}`,
  text`kvm_arch_vmfd ${someDelta} start=0x${someHex}`,
);
const someEvent = fc.oneof(
  { weight: 3, arbitrary: someNewEvent },
  text`kvm_convert_memory start 0x${someHex} size 0x${someHex} ${fc.constantFrom('shared_to_private', 'private_to_shared')}`,
  text`ram_block_attributes_state_change offset 0x${someHex} size 0x${someHex} from '${someState}' to '${someState}'`,
  text`kvm_hypercall:${someBlanks}nr 0x${fc.constantFrom('c', 'c', 'c', 'C', '0c', '000c', `${'0'.repeat(20)}c`, '5', 'c1', '')}${someBlanks}a0 0x${someHex}${someBlanks}a1 0x${someHex}${someBlanks}a2 0x${someHex}${fc.oneof(fc.constant(''), text`${someBlanks}a3 0x${someHex}`)}`,
);
const someName = fc.constantFrom(
  'kvm_convert_memory ',
  'ram_block_attributes_state_change ',
  'kvm_hypercall:',
  'kvm_vm_set_mem_attributes:',
  'KVM_HC_MAP_GPA_RANGE:',
);

type Fault = (line: string, at: number) => string;
const someFault = fc.oneof(
  fc.constantFrom<Fault[]>(
    (line, at) => line.slice(0, at),
    (line, at) => line.slice(at),
    (line, at) => line.slice(0, at) + line.slice(at + 1),
    (line, at) => line.slice(0, at) + line.slice(at).toUpperCase(),
    (line, at) => line.slice(0, at) + line,
  ),
  fc
    .tuple(fc.oneof(someToken, someName, fc.string({ unit: 'binary' })), fc.nat({ max: 2 }))
    .map(([token, length]): Fault => {
      return (line, at) => line.slice(0, at) + token + line.slice(at + length);
    }),
);

const someTracerLine = text`${somePrefix}${someEvent}${fc.oneof({ weight: 3, arbitrary: fc.constant('') }, someBlanks)}`;
const someFaultyLine = fc
  .tuple(someTracerLine, fc.array(fc.tuple(someFault, fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 3 }))
  .map(([line, faults]) => faults.reduce((broken, [fault, share]) => fault(broken, place(broken, share)), line));
const someMixedLine = fc.oneof(
  text`${somePrefix}${someName}${somePrefix}${someEvent}`,
  text`${somePrefix}${someEvent}${oneBlank}${someTracerLine}`,
);
const someLongLine = fc
  .tuple(someTracerLine, fc.integer({ min: -2, max: 2 }), fc.boolean())
  .map(([line, more, behind]) => {
    const length = MAX_LINE_LENGTH + more;
    return behind ? line.padEnd(length) : line.padStart(length);
  });
const someLine = fc.oneof(
  { weight: 8, arbitrary: someTracerLine },
  { weight: 8, arbitrary: someFaultyLine },
  { weight: 3, arbitrary: someMixedLine },
  { weight: 1, arbitrary: someLongLine },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ' ', '# comment', ' qemu-4201 [003] 12.500662: kvm_exit: reason VMGEXIT'),
  },
);

/** The bytes of a whole trace, with or without a line feed at its end. */
export const someTrace: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.array(fc.tuple(someLine, fc.constantFrom<BufferEncoding[]>('latin1', 'utf8'), fc.constantFrom('\n', '\r\n'))),
    fc.boolean(),
  )
  .map(([lines, ended]) => {
    const trace = Buffer.concat(lines.map(([line, encoding, end]) => Buffer.from(line + end, encoding)));
    return ended ? trace : trace.subarray(0, -1);
  });

/** The same bytes, cut anywhere. */
export function somePieces(trace: Buffer): fc.Arbitrary<Buffer[]> {
  const cutAt = (ends: number[]) => ends.map((end, index) => trace.subarray(ends[index - 1] ?? 0, end));
  const anywhere = fc.array(fc.nat({ max: trace.length }), { maxLength: 20 }).map((cuts) => {
    return cutAt([...cuts.toSorted((a, b) => a - b), trace.length]);
  });
  const even = fc.integer({ min: 1, max: 200 }).map((size) => {
    return cutAt(Array.from({ length: Math.ceil(trace.length / size) }, (_, index) => (index + 1) * size));
  });
  return fc.oneof(anywhere, even);
}

function padded(micros: number): string {
  return String(micros).padStart(6, '0');
}

function place(line: string, share: number): number {
  return Math.floor(share * line.length);
}
