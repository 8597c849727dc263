// QEMU's trace events of conversions, as its log backend prints them and as scripts/simpletrace.py does.
import type { ConversionTarget, ReadFields, TraceEventName } from '../trace-event.ts';
import { targetOf } from './guest-attributes.ts';
import { simpletraceValues } from './simpletrace.ts';

// QEMU prints %PRIx64; anything longer than 16 digits is no u64. The groups have the names that simpletrace.py prints.
const CONVERT_MEMORY = /^start (?<start>0x[0-9a-f]{1,16}) size (?<size>0x[0-9a-f]{1,16}) (?<msg>\w+)\s*$/i;
const STATE_CHANGE =
  /^offset (?<offset>0x[0-9a-f]{1,16}) size (?<size>0x[0-9a-f]{1,16}) from '(?<from>\w+)' to '(?<to>\w+)'\s*$/i;
const HC_MAP_GPA_RANGE =
  /^gpa (?<gpa>0x[0-9a-f]{1,16}) size (?<size>0x[0-9a-f]{1,16}) attributes (?<attributes>0x[0-9a-f]{1,16}) flags (?<flags>0x[0-9a-f]{1,16})\s*$/i;
const MEMORY_FAULT =
  /^start (?<start>0x[0-9a-f]{1,16}) size (?<size>0x[0-9a-f]{1,16}) flags (?<flags>0x[0-9a-f]{1,16})\s*$/i;

const DIRECTIONS: Readonly<Record<string, ConversionTarget>> = {
  shared_to_private: 'private',
  private_to_shared: 'shared',
};
/** QEMU's words, and those that stand for the same states here. */
const STATES: Readonly<Record<string, ConversionTarget | 'mixture'>> = {
  discarded: 'private',
  populated: 'shared',
  private: 'private',
  shared: 'shared',
  mixture: 'mixture',
};
/** KVM_MEMORY_EXIT_FLAG_PRIVATE. */
const FAULT_OF_PRIVATE = 0x8n;

/** Reads `kvm_convert_memory`, without its name. */
export function readConvertMemory(rest: string): ReadFields {
  const { start, size, msg = '' } = valuesOf(rest, CONVERT_MEMORY);
  return conversion('kvm_convert_memory', start, size, own(DIRECTIONS, msg.toLowerCase()));
}

/** Reads `ram_block_attributes_state_change`, without its name; `start` is an offset. */
export function readStateChange(rest: string): ReadFields {
  const { offset, size, from = '', to = '' } = valuesOf(rest, STATE_CHANGE);
  const target = own(STATES, from.toLowerCase()) === undefined ? undefined : own(STATES, to.toLowerCase());
  return conversion('ram_block_attributes_state_change', offset, size, target === 'mixture' ? undefined : target);
}

/** Reads `kvm_hc_map_gpa_range`, without its name: the guest asks for a conversion. */
export function readHcMapGpaRange(rest: string): ReadFields {
  const { gpa, size, attributes = '' } = valuesOf(rest, HC_MAP_GPA_RANGE);
  return conversion('kvm_hc_map_gpa_range', gpa, size, isNumber(attributes) ? targetOf(attributes) : undefined);
}

/** Reads `kvm_memory_fault`, without its name: the guest touches a page as the kind that it is not. */
export function readMemoryFault(rest: string): ReadFields {
  const { start, size, flags = '' } = valuesOf(rest, MEMORY_FAULT);
  if (!isNumber(flags)) return 'unreadable';
  const to = (BigInt(flags) & FAULT_OF_PRIVATE) === 0n ? 'shared' : 'private';
  return conversion('kvm_memory_fault', start, size, to);
}

/** Returns the values of an event in either form by their names; without any where it has neither form. */
export function valuesOf(rest: string, form: RegExp): Readonly<Record<string, string | undefined>> {
  return form.exec(rest)?.groups ?? simpletraceValues(rest) ?? {};
}

export function isNumber(text: string): boolean {
  return /^0x[0-9a-f]{1,16}$/i.test(text);
}

function conversion(event: TraceEventName, start = '', size = '', to?: ConversionTarget): ReadFields {
  if (to === undefined || !isNumber(start) || !isNumber(size)) return 'unreadable';
  return { event, start: Number(start), size: Number(size), to };
}

/** A word such as `constructor` is in no table. */
function own<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}
