// The kernel's trace events of conversions, as ftrace, trace-cmd report and perf script print them.
import type { ReadFields } from '../trace-event.ts';
import { GUEST_PAGE_SIZE, targetOf } from './guest-attributes.ts';

// The kernel's format has two spaces before a3, and trace-cmd pads after the colon.
const HYPERCALL =
  /^\s*nr 0x0*c\s+a0 0x([0-9a-f]{1,16})\s+a1 0x([0-9a-f]{1,16})\s+a2 (0x[0-9a-f]{1,16})(?:\s+a3 0x[0-9a-f]{1,16})?\s*$/i;
const MAP_GPA_RANGE = /^\s*nr 0x0*c\s/i;
/** Frame numbers, the end exclusive. The first version of the kernel's patch marked split requests with a dot. */
const MEMORY_ATTRIBUTES = /^\s*(?:\.\s+)?(0x[0-9a-f]{1,16}) -- (0x[0-9a-f]{1,16}) \[(0x[0-9a-f]{1,16})\]\s*$/i;
/** KVM_MEMORY_ATTRIBUTE_PRIVATE. */
const PRIVATE = 0x8n;
const MSR_PROTOCOL = /^\s*vcpu \d+, ghcb_gpa ([0-9a-f]{16})\s*$/i;
/** The sixteen digits of the register: bits 55 to 52 the operation, 51 to 12 the frame, 11 to 0 the request. */
const PAGE_STATE_CHANGE = /^..(.)(.{10})014$/;

/** Reads `kvm_hypercall`, without its name; another hypercall is foreign. */
export function readHypercall(rest: string): ReadFields {
  const [, address, pages, attributes] = HYPERCALL.exec(rest) ?? [];
  if (attributes === undefined) return MAP_GPA_RANGE.test(rest) ? 'unreadable' : 'foreign';
  const size = fromHex(pages) * GUEST_PAGE_SIZE;
  return { event: 'kvm_hypercall', start: fromHex(address), size, to: targetOf(attributes) };
}

/** Reads `kvm_vm_set_mem_attributes`, without its name. */
export function readMemoryAttributes(rest: string): ReadFields {
  const [, start, end, attributes] = MEMORY_ATTRIBUTES.exec(rest) ?? [];
  if (start === undefined || end === undefined || attributes === undefined) return 'unreadable';
  const frames = BigInt(end) - BigInt(start);
  if (frames < 0n) return 'unreadable';
  const to = (BigInt(attributes) & PRIVATE) === 0n ? 'shared' : 'private';
  const size = Number(frames) * GUEST_PAGE_SIZE;
  return { event: 'kvm_vm_set_mem_attributes', start: Number(start) * GUEST_PAGE_SIZE, size, to };
}

/** Reads `kvm_vmgexit_msr_protocol_enter`, without its name: one page, where the guest asks for another state of it. */
export function readMsrProtocol(rest: string): ReadFields {
  const register = MSR_PROTOCOL.exec(rest)?.[1];
  if (register === undefined) return 'unreadable';
  const [, operation, frame] = PAGE_STATE_CHANGE.exec(register) ?? [];
  if (operation !== '1' && operation !== '2') return 'foreign';
  const to = operation === '1' ? 'private' : 'shared';
  const start = fromHex(frame) * GUEST_PAGE_SIZE;
  return { event: 'kvm_vmgexit_msr_protocol_enter', start, size: GUEST_PAGE_SIZE, to };
}

function fromHex(digits = ''): number {
  return Number(`0x${digits}`);
}
