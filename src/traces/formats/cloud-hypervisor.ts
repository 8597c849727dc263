// Cloud Hypervisor's log line of a guest's request for a conversion (level debug, `-vv`). `--log-format` changes what stands
// before it, so the message is all that counts; its lines end with CR LF.
import type { ReadFields } from '../trace-event.ts';
import { GUEST_PAGE_SIZE, targetOf } from './guest-attributes.ts';

const RANGE = /^ address=(0x[0-9a-f]{1,16}), pages=(\d{1,20}), attributes=(0x[0-9a-f]{1,16})\s*$/i;

/** Reads `KVM_HC_MAP_GPA_RANGE`, without its name; pages are of 4 KiB. */
export function readCloudHypervisorRange(rest: string): ReadFields {
  const [, address, pages, attributes] = RANGE.exec(rest) ?? [];
  if (attributes === undefined) return rest.startsWith(' address=') ? 'unreadable' : 'foreign';
  const size = Number(pages) * GUEST_PAGE_SIZE;
  return { event: 'KVM_HC_MAP_GPA_RANGE', start: Number(address), size, to: targetOf(attributes) };
}
