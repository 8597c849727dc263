// A trace read in the slow and obvious way: all of it at once, cut into lines, each held against a regular expression of
// every format. What lines mean is written here once more, so that the reader can be held against it.
import type { TraceConversion, TraceEvent, TraceEventName, TraceTime } from '../../src/traces/trace-lines.ts';
import { MAX_LINE_LENGTH } from '../../src/traces/trace-reader.ts';

type Fields = Omit<TraceConversion, 'event' | 'time'>;

interface Format {
  /** What stands before the fields. */
  readonly name: string;
  readonly event: TraceEventName;
  /** Of all that follows the name. */
  readonly fields: RegExp;
  readonly read: (start: string, size: string, last: string | undefined) => Fields;
  /** Of what follows the name of a line that was to be a conversion. */
  readonly damaged: RegExp;
}

const convertMemory: Format = {
  name: 'kvm_convert_memory ',
  event: 'kvm_convert_memory',
  fields: /^start 0x([0-9a-f]{1,16}) size 0x([0-9a-f]{1,16}) (?:(shared_to_private)|private_to_shared)\s*$/i,
  read: (start, size, toPrivate) => ({ start: fromHex(start), size: fromHex(size), to: target(toPrivate) }),
  damaged: /^/,
};

const stateChange: Format = {
  name: 'ram_block_attributes_state_change ',
  event: 'ram_block_attributes_state_change',
  fields:
    /^offset 0x([0-9a-f]{1,16}) size 0x([0-9a-f]{1,16}) from '(?:shared|private|mixture)' to '(?:(private)|shared)'\s*$/i,
  read: convertMemory.read,
  damaged: /^/,
};

const hypercall: Format = {
  name: 'kvm_hypercall:',
  event: 'kvm_hypercall',
  fields:
    /^\s*nr 0x0*c\s+a0 0x([0-9a-f]{1,16})\s+a1 0x([0-9a-f]{1,16})\s+a2 0x([0-9a-f]{1,16})(?:\s+a3 0x[0-9a-f]{1,16})?\s*$/i,
  read: (start, pages, attributes = '') => {
    const encrypted = (BigInt(`0x${attributes}`) & 0x10n) !== 0n;
    return { start: fromHex(start), size: fromHex(pages) * 4096, to: encrypted ? 'private' : 'shared' };
  },
  damaged: /^\s*nr 0x0*c\s/i,
};

/** Of a line that has several names, the first of these decides what it is. */
const FORMATS = [convertMemory, hypercall, stateChange];
/** As `FORMATS`, of a line that is no conversion. */
const DAMAGED_FORMATS = [convertMemory, stateChange, hypercall];

const QEMU_STAMP = /(?:^|[\s:])\d{1,10}@(\d{1,15}\.\d{6}):$/;
const ISO_STAMP = /(?:^|\s)(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)(?=[\s:]|$)/;
const SECONDS_STAMP = /(?:^|[\s[])(\d{1,12}\.\d{3,9})(?=\]?:?(?:\s|$))/g;
const ONLY_A_STAMP =
  /^\s*(?:\[\s*\d{1,12}\.\d{1,9}\]|\d{1,12}\.\d{1,9}|\d{4}-\d\d-\d\d[T ][\d:.]{8,18}(?:Z|[+-][\d:]{4,5})?)$/;

export interface NaiveTrace {
  readonly events: readonly TraceEvent[];
  readonly lines: number;
  readonly foreign: number;
  readonly damaged: number;
  readonly firstDamaged: number | null;
  readonly bytes: number;
}

export function naiveRead(trace: Buffer): NaiveTrace {
  const lines = trace.toString('latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  const events: TraceEvent[] = [];
  const damaged: number[] = [];
  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    if (text.length > MAX_LINE_LENGTH) continue;
    const conversion = naiveParse(text);
    if (conversion !== null) events.push({ line, ...conversion });
    else if (isDamaged(text)) damaged.push(line);
  }
  return {
    events,
    lines: lines.length,
    foreign: lines.length - events.length,
    damaged: damaged.length,
    firstDamaged: damaged[0] ?? null,
    bytes: trace.length,
  };
}

/** @returns null for a line that is no conversion */
function naiveParse(line: string): TraceConversion | null {
  const format = FORMATS.find(({ name }) => line.includes(name));
  if (format === undefined) return null;
  const { prefix, rest } = cut(line, format);
  const fields = format.fields.exec(rest);
  if (fields === null || !isPrefix(prefix)) return null;
  const [, start = '', size = '', last] = fields;
  return { event: format.event, ...format.read(start, size, last), time: timeOf(prefix) };
}

function isDamaged(line: string): boolean {
  const format = DAMAGED_FORMATS.find(({ name }) => line.includes(name));
  if (format === undefined) return false;
  const { prefix, rest } = cut(line, format);
  return isPrefix(prefix) && format.damaged.test(rest);
}

function cut(line: string, { name }: Format): { prefix: string; rest: string } {
  const at = line.indexOf(name);
  return { prefix: line.slice(0, at), rest: line.slice(at + name.length) };
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
  const milliseconds = Date.parse(ISO_STAMP.exec(prefix)?.[1] ?? '');
  return Number.isNaN(milliseconds) ? null : { clock: 'epoch', seconds: milliseconds / 1000 };
}

function target(toPrivate: string | undefined): TraceConversion['to'] {
  return toPrivate === undefined ? 'shared' : 'private';
}

function fromHex(digits: string): number {
  return Number(`0x${digits}`);
}
