// A trace read in the slow and obvious way: all of it at once, cut into lines, each held against a regular expression of
// every format. What lines mean is written here once more, so that the reader can be held against it.
import type { TraceEntry, TraceTime } from '../../src/traces/trace-event.ts';
import { MAX_LINE_LENGTH } from '../../src/traces/trace-reader.ts';

type Fields = Readonly<Record<string, string | undefined>>;
/** Of an entry, what the text behind the name says; null where that is no conversion. */
type Said = { start: bigint; size: bigint; to: 'shared' | 'private' } | { slot: Record<string, bigint> } | null;

interface Format {
  /** What stands before the fields, and the event that it is. */
  readonly name: string;
  /** Each may be all that follows the name. */
  readonly forms: readonly RegExp[];
  /** @returns null: no conversion, though it can be read; undefined: it cannot be read */
  readonly read: (fields: Fields) => Said | undefined;
  /** Of what follows the name of a line that was to be a conversion. */
  readonly named: RegExp;
}

const H = '0x[0-9a-f]{1,16}';
const SIMPLE = '-?\\d+\\.\\d{3} pid=\\d+';
const text = (name: string) => `${name}=(?:b'(?<${name}b>[^\\s]*)'|(?<${name}>(?!b'\\S*'(?:\\s|$))\\S+))`;
const form = (source: string) => new RegExp(`^${source}\\s*$`, 'i');
const number = (digits = '0') => BigInt(digits);
const PAGE = 4096n;

const TO: Fields = { discarded: 'private', private: 'private', populated: 'shared', shared: 'shared' };

function range(start: bigint, size: bigint, isPrivate: boolean): Said {
  return { start, size, to: isPrivate ? 'private' : 'shared' };
}

const FORMATS: readonly Format[] = [
  {
    name: 'kvm_convert_memory ',
    forms: [
      form(`start (?<start>${H}) size (?<size>${H}) (?<msg>shared_to_private|private_to_shared)`),
      form(`${SIMPLE} start=(?<start>${H}) size=(?<size>${H}) ${text('msg')}`),
    ],
    read: ({ start, size, msg, msgb = msg }) => {
      const direction = msgb?.toLowerCase();
      if (direction !== 'shared_to_private' && direction !== 'private_to_shared') return undefined;
      return range(number(start), number(size), direction === 'shared_to_private');
    },
    named: /^/,
  },
  {
    name: 'ram_block_attributes_state_change ',
    forms: [
      form(`offset (?<start>${H}) size (?<size>${H}) from '(?<from>\\w+)' to '(?<to>\\w+)'`),
      form(`${SIMPLE} offset=(?<start>${H}) size=(?<size>${H}) ${text('from')} ${text('to')}`),
    ],
    read: ({ start, size, from, fromb = from, to, tob = to }) => {
      if (!/^(?:discarded|private|populated|shared|mixture)$/i.test(fromb ?? '')) return undefined;
      if (!/^(?:discarded|private|populated|shared)$/i.test(tob ?? '')) return undefined;
      return range(number(start), number(size), TO[tob?.toLowerCase() ?? ''] === 'private');
    },
    named: /^/,
  },
  {
    name: 'kvm_hc_map_gpa_range ',
    forms: [
      form(`gpa (?<start>${H}) size (?<size>${H}) attributes (?<bits>${H}) flags ${H}`),
      form(`${SIMPLE} gpa=(?<start>${H}) size=(?<size>${H}) attributes=(?<bits>${H}) flags=\\S+`),
    ],
    read: ({ start, size, bits }) => range(number(start), number(size), (number(bits) & 16n) !== 0n),
    named: /^/,
  },
  {
    name: 'kvm_memory_fault ',
    forms: [
      form(`start (?<start>${H}) size (?<size>${H}) flags (?<bits>${H})`),
      form(`${SIMPLE} start=(?<start>${H}) size=(?<size>${H}) flags=(?<bits>${H})`),
    ],
    read: ({ start, size, bits }) => range(number(start), number(size), (number(bits) & 8n) !== 0n),
    named: /^/,
  },
  {
    name: 'kvm_hypercall:',
    forms: [form(`\\s*nr 0x0*c\\s+a0 (?<start>${H})\\s+a1 (?<size>${H})\\s+a2 (?<bits>${H})(?:\\s+a3 ${H})?`)],
    read: ({ start, size, bits }) => range(number(start), number(size) * PAGE, (number(bits) & 16n) !== 0n),
    named: /^\s*nr 0x0*c\s/i,
  },
  {
    name: 'kvm_vm_set_mem_attributes:',
    forms: [form(`\\s*(?:\\.\\s+)?(?<start>${H}) -- (?<end>${H}) \\[(?<bits>${H})\\]`)],
    read: ({ start, end, bits }) => {
      const frames = number(end) - number(start);
      return frames < 0n ? undefined : range(number(start) * PAGE, frames * PAGE, (number(bits) & 8n) !== 0n);
    },
    named: /^/,
  },
  {
    name: 'kvm_vmgexit_msr_protocol_enter:',
    forms: [form('\\s*vcpu \\d+, ghcb_gpa (?<register>[0-9a-f]{16})')],
    read: ({ register }) => {
      const value = number(`0x${register}`);
      const operation = (value >> 52n) & 15n;
      if ((value & 0xfffn) !== 0x14n || operation < 1n || operation > 2n) return null;
      return range(((value >> 12n) & (2n ** 40n - 1n)) * PAGE, PAGE, operation === 1n);
    },
    named: /^/,
  },
  {
    name: 'KVM_HC_MAP_GPA_RANGE:',
    forms: [form(` address=(?<start>${H}), pages=(?<size>\\d{1,20}), attributes=(?<bits>${H})`)],
    read: ({ start, size, bits }) => range(number(start), number(size) * PAGE, (number(bits) & 16n) !== 0n),
    named: /^ address=/,
  },
  {
    name: 'kvm_set_user_memory ',
    forms: [
      form(
        `(?:AddrSpace#(?<as>\\d{1,9}) )?Slot#\\d{1,9} flags=(?<flags>0x[0-9a-f]{1,8}) gpa=(?<gpa>${H}) size=(?<size>${H}) ua=${H}(?: guest_memfd=(?<fd>\\d{1,9}|-(?=\\d)\\d{1,9}) guest_memfd_offset=(?<offset>${H}))? ret=(?<ret>-?\\d{1,9})`,
      ),
    ],
    read: ({ as, flags, gpa, size, fd, offset, ret }) => {
      const decimal = (digits: string | undefined) => BigInt(Number(digits ?? 0));
      const isOurs = (number(flags) & 4n) !== 0n && number(size) !== 0n;
      if (!isOurs || decimal(ret) !== 0n || decimal(as) !== 0n) return null;
      if (fd === undefined) return undefined;
      const slot = { gpa: number(gpa), size: number(size), offset: number(offset), fd: decimal(fd) };
      if ([slot.gpa, slot.size, slot.offset].some((bytes) => bytes % PAGE !== 0n)) return undefined;
      return slot.gpa + slot.size >= 2n ** 53n || slot.offset + slot.size > 2n ** 46n ? undefined : { slot };
    },
    named: /^/,
  },
];

const QEMU_STAMP = /(?:^|[\s:])\d{1,10}@(\d{1,15}\.\d{6}):$/;
const ISO_STAMP = /(?:^|\s)(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?(?=[\s:]|$)/;
const SECONDS_STAMP = /(?:^|[\s[])(\d{1,12}\.\d{3,9})(?=s?\]?:?(?:\s|$))/g;
const ONLY_A_STAMP =
  /^\s*(?:\[\s*\d{1,12}\.\d{1,9}\]|\d{1,12}\.\d{1,9}|\d{4}-\d\d-\d\d[T ][\d:.]{8,18}(?:Z|[+-][\d:]{4,5})?)$/;

export interface NaiveTrace {
  /** Up to the first line that names an event and cannot be read. */
  readonly entries: readonly TraceEntry[];
  readonly unreadable: number | null;
  /** What the reader counts where all can be read. */
  readonly counts: {
    readonly lines: number;
    readonly foreign: number;
    readonly cutOff: boolean;
    readonly bytes: number;
  };
}

export function naiveRead(trace: Buffer): NaiveTrace {
  const lines = trace.toString('latin1').split('\n');
  const isEnded = lines.at(-1) === '';
  if (isEnded) lines.pop();
  const entries: TraceEntry[] = [];
  let elapsed: bigint | null = null;
  let cutOff = false;
  for (const [index, line] of lines.entries()) {
    const entry = line.length > MAX_LINE_LENGTH ? null : naiveParse(line, index + 1);
    if (entry === 'unreadable' && (isEnded || index < lines.length - 1)) {
      const counts = { lines: lines.length, foreign: 0, cutOff: false, bytes: trace.length };
      return { entries, unreadable: index + 1, counts };
    }
    cutOff = entry === 'unreadable';
    const isEntry = entry !== null && entry !== 'unreadable';
    const delta = /^\w+ (-?\d{1,12})\.(\d{3}) pid=\d+(?: |\s*$)/.exec(line);
    if (delta !== null && (isEntry || elapsed !== null)) elapsed = elapsed === null ? 0n : elapsed + nanoseconds(delta);
    if (!isEntry) continue;
    const isTimed = delta !== null && elapsed !== null && entry.event !== 'kvm_set_user_memory';
    entries.push(isTimed ? { ...entry, time: { clock: 'boot', seconds: Number(elapsed) / 1e9 } } : entry);
  }
  const counts = { lines: lines.length, foreign: lines.length - entries.length, cutOff, bytes: trace.length };
  return { entries, unreadable: null, counts };
}

function nanoseconds([, micros = '', nanos = '']: readonly (string | undefined)[]): bigint {
  return BigInt(micros) * 1000n + (micros.startsWith('-') ? -BigInt(nanos) : BigInt(nanos));
}

/** @returns null for a line that is no conversion */
function naiveParse(text: string, line: number): TraceEntry | 'unreadable' | null {
  const found = FORMATS.filter(({ name }) => text.includes(name)).toSorted((a, b) => {
    return text.indexOf(a.name) - text.indexOf(b.name);
  });
  const [format] = found;
  if (format === undefined) return null;
  const at = text.indexOf(format.name);
  const [prefix, rest] = [text.slice(0, at), text.slice(at + format.name.length)];
  const isAny = format.name === 'KVM_HC_MAP_GPA_RANGE:' && !prefix.trimStart().startsWith('#');
  if (!isAny && !isPrefix(prefix)) return null;
  const fields = format.forms.map((one) => one.exec(rest)).find((one) => one !== null)?.groups;
  if (fields === undefined) return format.named.test(rest) ? 'unreadable' : null;
  const said = format.read(fields);
  if (said === undefined) return 'unreadable';
  if (said === null) return null;
  if ('slot' in said) {
    const [gpa, size, offset, fd] = [said.slot.gpa, said.slot.size, said.slot.offset, said.slot.fd].map(Number);
    return { line, event: 'kvm_set_user_memory', gpa: gpa ?? 0, size: size ?? 0, offset: offset ?? 0, fd: fd ?? 0 };
  }
  // A name is the event and one character behind it.
  const event = format.name.slice(0, -1) as Exclude<TraceEntry['event'], 'kvm_set_user_memory'>;
  return { line, event, start: Number(said.start), size: Number(said.size), to: said.to, time: timeOf(prefix) };
}

function isPrefix(prefix: string): boolean {
  if (prefix === '') return true;
  if (prefix.trimStart().startsWith('#')) return false;
  const trimmed = prefix.trimEnd();
  if (trimmed === '' || trimmed.endsWith(':')) return true;
  return trimmed.length < prefix.length && ONLY_A_STAMP.test(trimmed);
}

function timeOf(prefix: string): TraceTime | null {
  const qemu = QEMU_STAMP.exec(prefix)?.[1];
  if (qemu !== undefined) return { clock: 'epoch', seconds: Number(qemu) };
  const seconds = [...prefix.matchAll(SECONDS_STAMP)].at(-1)?.[1];
  if (seconds !== undefined) return { clock: 'boot', seconds: Number(seconds) };
  const [, second = '', fraction = '', zone = ''] = ISO_STAMP.exec(prefix) ?? [];
  const milliseconds = Date.parse(second + zone);
  return Number.isNaN(milliseconds) ? null : { clock: 'epoch', seconds: milliseconds / 1000 + Number(`0${fraction}`) };
}
