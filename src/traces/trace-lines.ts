// One line of a trace to what it says: a conversion, a memory slot, or nothing of interest. The formats people have are told
// apart by the name of the event; each has its parser in formats/. Pure, and cheap on other lines, which are most of a trace.
import { readCloudHypervisorRange } from './formats/cloud-hypervisor.ts';
import { readHypercall, readMemoryAttributes, readMsrProtocol } from './formats/kernel-events.ts';
import { readMemorySlot } from './formats/memory-slot.ts';
import { readConvertMemory, readHcMapGpaRange, readMemoryFault, readStateChange } from './formats/qemu-events.ts';
import { isComment, isPrefix, timeOf } from './line-prefix.ts';
import {
  MEMORY_SLOT_EVENT,
  type MemorySlot,
  type ReadFields,
  type TraceConversion,
  type UnreadableLine,
} from './trace-event.ts';

interface Format {
  readonly name: UnreadableLine['name'];
  /** Reads what follows the name. */
  readonly read: (rest: string) => ReadFields;
  /** Whether anything may stand before the name, for the prefix is configurable. */
  readonly anyPrefix?: boolean;
}

/** By the name as it stands in a line, with the character behind it. */
const FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['kvm_convert_memory ', { name: 'kvm_convert_memory', read: readConvertMemory }],
  ['ram_block_attributes_state_change ', { name: 'ram_block_attributes_state_change', read: readStateChange }],
  ['kvm_hc_map_gpa_range ', { name: 'kvm_hc_map_gpa_range', read: readHcMapGpaRange }],
  ['kvm_memory_fault ', { name: 'kvm_memory_fault', read: readMemoryFault }],
  ['kvm_set_user_memory ', { name: MEMORY_SLOT_EVENT, read: readMemorySlot }],
  ['kvm_hypercall:', { name: 'kvm_hypercall', read: readHypercall }],
  ['kvm_vm_set_mem_attributes:', { name: 'kvm_vm_set_mem_attributes', read: readMemoryAttributes }],
  ['kvm_vmgexit_msr_protocol_enter:', { name: 'kvm_vmgexit_msr_protocol_enter', read: readMsrProtocol }],
  ['KVM_HC_MAP_GPA_RANGE:', { name: 'KVM_HC_MAP_GPA_RANGE', read: readCloudHypervisorRange, anyPrefix: true }],
]);
const ANY_NAME = new RegExp([...FORMATS.keys()].join('|'));

/**
 * Reads one line, without its line feed. The first name of an event in it decides what it is.
 * @returns null for a line that is none of these ("foreign"): another event, another hypercall, a comment, prose
 */
export function parseTraceLine(line: string): TraceConversion | MemorySlot | UnreadableLine | null {
  const found = ANY_NAME.exec(line);
  if (found === null) return null;
  const [word] = found;
  const format = FORMATS.get(word);
  const prefix = line.slice(0, found.index);
  if (format === undefined || !(format.anyPrefix ? !isComment(prefix) : isPrefix(prefix))) return null;
  const fields = format.read(line.slice(found.index + word.length));
  if (fields === 'foreign') return null;
  if (fields === 'unreadable') return { event: 'unreadable', name: format.name };
  return fields.event === MEMORY_SLOT_EVENT ? fields : { ...fields, time: timeOf(prefix) };
}
