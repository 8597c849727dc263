// The attributes of KVM_HC_MAP_GPA_RANGE, which QEMU, KVM and Cloud Hypervisor print alike.
import type { ConversionTarget } from '../trace-event.ts';

/** The guest wants the range encrypted. Bits 0 to 3 are a page size, which changes nothing: pages of 4 KiB are counted. */
const ENCRYPTED = 0x10n;

/** The pages of KVM_HC_MAP_GPA_RANGE and of KVM's memory attributes, bytes. */
export const GUEST_PAGE_SIZE = 4096;

/** Returns what `attributes`, a hexadecimal number with its 0x, turns a range to. */
export function targetOf(attributes: string): ConversionTarget {
  return (BigInt(attributes) & ENCRYPTED) === 0n ? 'shared' : 'private';
}
