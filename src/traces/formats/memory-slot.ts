// QEMU's kvm_set_user_memory: where it puts a part of a guest_memfd into the guest's memory.
import { MAX_BLOCK_BYTES, MAX_BYTES, MIN_PAGE_SIZE } from '../../limits.ts';
import { MEMORY_SLOT_EVENT, type ReadFields } from '../trace-event.ts';
import { valuesOf } from './qemu-events.ts';

/** Up to QEMU 8.2 without the guest_memfd, which such a QEMU does not have. */
const SLOT =
  /^(?:AddrSpace#(?<as>\d{1,9}) )?Slot#\d{1,9} flags=(?<flags>0x[0-9a-f]{1,8}) gpa=(?<guest_phys_addr>0x[0-9a-f]{1,16}) size=(?<memory_size>0x[0-9a-f]{1,16}) ua=0x[0-9a-f]{1,16}(?: guest_memfd=(?<fd>-?\d{1,9}) guest_memfd_offset=(?<fd_offset>0x[0-9a-f]{1,16}))? ret=(?<ret>-?\d{1,9})\s*$/i;
/** KVM_MEM_GUEST_MEMFD. */
const GUEST_MEMFD = 0x4;

/**
 * Reads a slot, without the event's name. One without a guest_memfd, one that is removed (size 0), of another address
 * space (the SMM's), or that KVM refused, is foreign.
 */
export function readMemorySlot(rest: string): ReadFields {
  const values = valuesOf(rest, SLOT);
  const [flags, gpa, size, ret] = [values.flags, values.guest_phys_addr, values.memory_size, values.ret].map(toNumber);
  if (flags === undefined || gpa === undefined || size === undefined || ret === undefined) return 'unreadable';
  const addressSpace = values.as === undefined ? 0 : toNumber(values.as);
  if ((flags & GUEST_MEMFD) === 0 || size === 0 || ret !== 0 || addressSpace !== 0) return 'foreign';
  const [fd, offset] = [toNumber(values.fd), toNumber(values.fd_offset)];
  if (fd === undefined || offset === undefined) return 'unreadable';
  const isAligned = [gpa, size, offset].every((bytes) => bytes % MIN_PAGE_SIZE === 0);
  if (!isAligned || gpa + size > MAX_BYTES || offset + size > MAX_BLOCK_BYTES) return 'unreadable';
  return { event: MEMORY_SLOT_EVENT, gpa, size, fd, offset };
}

/** Reads decimal digits, as the log has them, or hexadecimal ones, as simpletrace.py writes. */
function toNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^(?:0x[0-9a-f]{1,16}|-?\d{1,9})$/i.test(text) ? Number(text) : undefined;
}
