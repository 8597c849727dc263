// One line of a trace to one conversion: the three formats people have, told apart by the name of the event. Pure, and
// cheap on lines that are none of them, for a recording is mostly other events.

export type TraceEventName = 'kvm_convert_memory' | 'ram_block_attributes_state_change' | 'kvm_hypercall';

export type ConversionTarget = 'shared' | 'private';

/** When a line was written. Seconds of two clocks cannot be compared: `epoch` is wall time, `boot` any other. */
export interface TraceTime {
  readonly clock: 'epoch' | 'boot';
  readonly seconds: number;
}

export interface TraceConversion {
  readonly event: TraceEventName;
  /**
   * Bytes: a guest physical address; of `ram_block_attributes_state_change` the offset within its RAM block. A number
   * from 2^53 on is not exact, but stays beyond 2^53-1.
   */
  readonly start: number;
  /** Bytes; not exact beyond 2^53-1, as `start`. */
  readonly size: number;
  readonly to: ConversionTarget;
  readonly time: TraceTime | null;
}

/** A conversion and the number of its line, counted from 1. */
export interface TraceEvent extends TraceConversion {
  readonly line: number;
}

const CONVERT_MEMORY = 'kvm_convert_memory ';
const STATE_CHANGE = 'ram_block_attributes_state_change ';
const HYPERCALL = 'kvm_hypercall:';

// QEMU prints %PRIx64; anything longer than 16 digits is no u64.
const CONVERT_MEMORY_FIELDS =
  /^start 0x([0-9a-f]{1,16}) size 0x([0-9a-f]{1,16}) (?:(shared_to_private)|private_to_shared)\s*$/i;
const STATE_CHANGE_FIELDS =
  /^offset 0x([0-9a-f]{1,16}) size 0x([0-9a-f]{1,16}) from '(?:shared|private|mixture)' to '(?:(private)|shared)'\s*$/i;
// The kernel's format has two spaces before a3, and trace-cmd pads after the colon.
const HYPERCALL_FIELDS =
  /^\s*nr 0x0*c\s+a0 0x([0-9a-f]{1,16})\s+a1 0x([0-9a-f]{1,16})\s+a2 0x([0-9a-f]{1,16})(?:\s+a3 0x[0-9a-f]{1,16})?\s*$/i;
const MAP_GPA_RANGE = /^\s*nr 0x0*c\s/i;

/** KVM_HC_MAP_GPA_RANGE counts pages of 4 KiB, whatever page size its attributes name. */
const HYPERCALL_PAGE_SIZE = 4096;

const QEMU_STAMP = /(?:^|[\s:])\d{1,10}@(\d{1,15}\.\d{6}):$/;
const ISO_STAMP = /(?:^|\s)(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)(?=[\s:]|$)/;
const SECONDS_STAMP = /(?:^|[\s[])(\d{1,12}\.\d{3,9})(?=\]?:?(?:\s|$))/g;
const ONLY_A_STAMP =
  /^\s*(?:\[\s*\d{1,12}\.\d{1,9}\]|\d{1,12}\.\d{1,9}|\d{4}-\d\d-\d\d[T ][\d:.]{8,18}(?:Z|[+-][\d:]{4,5})?)$/;

/**
 * Reads one line, without its line feed.
 * @returns null for a line that is no conversion ("foreign"): another event, another hypercall, a comment, a damaged line
 */
export function parseTraceLine(line: string): TraceConversion | null {
  let at = line.indexOf(CONVERT_MEMORY);
  if (at >= 0) return parseConvertMemory(line, at);
  at = line.indexOf(HYPERCALL);
  if (at >= 0) return parseHypercall(line, at);
  at = line.indexOf(STATE_CHANGE);
  if (at >= 0) return parseStateChange(line, at);
  return null;
}

/**
 * Whether a foreign line was to be a conversion: it names the event as a logger does, but what follows cannot be read,
 * for the line was cut or written in another way.
 */
export function isDamagedConversion(line: string): boolean {
  for (const event of [CONVERT_MEMORY, STATE_CHANGE]) {
    const at = line.indexOf(event);
    if (at >= 0) return isPrefix(line.slice(0, at));
  }
  const at = line.indexOf(HYPERCALL);
  return at >= 0 && isPrefix(line.slice(0, at)) && MAP_GPA_RANGE.test(line.slice(at + HYPERCALL.length));
}

function parseConvertMemory(line: string, at: number): TraceConversion | null {
  const fields = CONVERT_MEMORY_FIELDS.exec(line.slice(at + CONVERT_MEMORY.length));
  const prefix = line.slice(0, at);
  if (fields === null || !isPrefix(prefix)) return null;
  const [, start, size, toPrivate] = fields;
  const to = toPrivate === undefined ? 'shared' : 'private';
  return { event: 'kvm_convert_memory', start: fromHex(start), size: fromHex(size), to, time: timeOf(prefix) };
}

function parseStateChange(line: string, at: number): TraceConversion | null {
  const fields = STATE_CHANGE_FIELDS.exec(line.slice(at + STATE_CHANGE.length));
  const prefix = line.slice(0, at);
  if (fields === null || !isPrefix(prefix)) return null;
  const [, start, size, toPrivate] = fields;
  const to = toPrivate === undefined ? 'shared' : 'private';
  const event = 'ram_block_attributes_state_change';
  return { event, start: fromHex(start), size: fromHex(size), to, time: timeOf(prefix) };
}

function parseHypercall(line: string, at: number): TraceConversion | null {
  const fields = HYPERCALL_FIELDS.exec(line.slice(at + HYPERCALL.length));
  const prefix = line.slice(0, at);
  if (fields === null || !isPrefix(prefix)) return null;
  const [, address, pages, attributes] = fields;
  // Bit 4 is set where the guest wants the range encrypted. Only the last byte counts: the rest may be beyond 2^53.
  const encrypted = (fromHex(attributes?.slice(-2)) & 0x10) !== 0;
  const size = fromHex(pages) * HYPERCALL_PAGE_SIZE;
  const to = encrypted ? 'private' : 'shared';
  return { event: 'kvm_hypercall', start: fromHex(address), size, to, time: timeOf(prefix) };
}

/**
 * Whether what stands before the event's name is a logger's prefix: nothing, a time stamp, or anything that ends in a
 * colon (`PID@seconds.micros:`, `tracing_mark_write:`, `host qemu[1]:`). Prose that only mentions the event is not.
 */
function isPrefix(prefix: string): boolean {
  if (prefix === '') return true;
  if (prefix.trimStart().startsWith('#')) return false;
  const trimmed = prefix.trimEnd();
  if (trimmed === '' || trimmed.endsWith(':')) return true;
  return trimmed.length < prefix.length && ONLY_A_STAMP.test(trimmed);
}

/** The time that stands nearest to the event's name, for that is the tracer's own; others are of what carried the log. */
function timeOf(prefix: string): TraceTime | null {
  if (prefix === '') return null;
  const qemu = QEMU_STAMP.exec(prefix);
  if (qemu !== null) return { clock: 'epoch', seconds: Number(qemu[1]) };
  let seconds: string | undefined;
  for (const found of prefix.matchAll(SECONDS_STAMP)) seconds = found[1];
  if (seconds !== undefined) return { clock: 'boot', seconds: Number(seconds) };
  const iso = ISO_STAMP.exec(prefix)?.[1];
  const milliseconds = iso === undefined ? Number.NaN : Date.parse(iso);
  return Number.isNaN(milliseconds) ? null : { clock: 'epoch', seconds: milliseconds / 1000 };
}

function fromHex(digits: string | undefined): number {
  return Number(`0x${digits ?? ''}`);
}
