// The contents of a trace: conversions, and the memory layout that they belong to.

/** The events that tell of conversions. */
export const CONVERSION_EVENTS = [
  'kvm_convert_memory',
  'kvm_vm_set_mem_attributes',
  'ram_block_attributes_state_change',
  'kvm_hc_map_gpa_range',
  'kvm_memory_fault',
  'KVM_HC_MAP_GPA_RANGE',
  'kvm_hypercall',
  'kvm_vmgexit_msr_protocol_enter',
] as const;
export type TraceEventName = (typeof CONVERSION_EVENTS)[number];

/** The event of the memory layout. */
export const MEMORY_SLOT_EVENT = 'kvm_set_user_memory';

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

/** `size` bytes of guest physical addresses from `gpa` on are the bytes of a guest_memfd from `offset` on. */
export interface MemorySlot {
  readonly event: typeof MEMORY_SLOT_EVENT;
  readonly gpa: number;
  readonly size: number;
  /** The file descriptor: one is one RAM block. */
  readonly fd: number;
  readonly offset: number;
}

/** A line that names an event as a logger does, but was cut or written in another way. */
export interface UnreadableLine {
  readonly event: 'unreadable';
  readonly name: TraceEventName | typeof MEMORY_SLOT_EVENT;
}

/** The meaning of a line from its event's name on: `foreign` where it is no conversion, `unreadable` where it should be one. */
export type ReadFields = Omit<TraceConversion, 'time'> | MemorySlot | 'foreign' | 'unreadable';

/** A conversion and the number of its line, counted from 1. */
export interface TraceEvent extends TraceConversion {
  readonly line: number;
}

/** A find of the reader: a conversion, or a slot of the memory layout with the number of its line. */
export type TraceEntry = TraceEvent | (MemorySlot & { readonly line: number });
