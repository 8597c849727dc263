// The memory layout that a trace tells itself, by the memory slots that QEMU sets before the guest runs. It is complete when
// the first conversion to shared comes: all memory is private until then, so nothing is missed while slots are still set.
import { Problem } from '../errors.ts';
import type { MemorySlot } from './trace-event.ts';

/** Slots that are read, and pieces of memory that may come of them. A machine has a few dozen; a forged trace may have any. */
const MAX_SLOTS = 4096;
const MAX_PIECES = 512;

/** `size` bytes of guest physical addresses from `gpa` on are the bytes of a RAM block from `offset` on. */
export interface SlotMapping {
  readonly gpa: number;
  readonly size: number;
  readonly offset: number;
  /** As `ram-0x100000000`, by the lowest address of the block: QEMU does not log a name. */
  readonly idstr: string;
}

export class MemorySlots {
  /** Apart from each other, in ascending address. */
  #slots: Omit<MemorySlot, 'event'>[] = [];
  #taken = 0;

  /**
   * Takes a slot. Where it overlaps an earlier one it replaces that.
   * @throws Problem `payload-too-large` when there are more than any machine has
   */
  add({ gpa, size, fd, offset }: MemorySlot): void {
    if (++this.#taken > MAX_SLOTS || this.#slots.length > MAX_PIECES) {
      const detail = `the trace sets more than ${MAX_SLOTS} memory slots, or has memory in more than ${MAX_PIECES} pieces`;
      throw new Problem('payload-too-large', detail);
    }
    const end = gpa + size;
    const kept = this.#slots.flatMap((slot) => {
      const slotEnd = slot.gpa + slot.size;
      if (slotEnd <= gpa || end <= slot.gpa) return [slot];
      const before = slot.gpa < gpa ? [{ ...slot, size: gpa - slot.gpa }] : [];
      const behind =
        slotEnd > end ? [{ ...slot, gpa: end, size: slotEnd - end, offset: slot.offset + end - slot.gpa }] : [];
      return [...before, ...behind];
    });
    this.#slots = joined([...kept, { gpa, size, fd, offset }].toSorted((a, b) => a.gpa - b.gpa));
  }

  get isEmpty(): boolean {
    return this.#slots.length === 0;
  }

  /** Returns the layout in ascending address. */
  mappings(): SlotMapping[] {
    const names = new Map<number, string>();
    return this.#slots.map(({ gpa, size, fd, offset }) => {
      const idstr = names.get(fd) ?? `ram-0x${gpa.toString(16)}`;
      names.set(fd, idstr);
      return { gpa, size, offset, idstr };
    });
  }
}

/** Joins what is next to each other in the guest's memory and in the same guest_memfd: QEMU cuts one block into slots. */
function joined(slots: readonly Omit<MemorySlot, 'event'>[]): Omit<MemorySlot, 'event'>[] {
  const runs: Omit<MemorySlot, 'event'>[] = [];
  for (const slot of slots) {
    const last = runs.at(-1);
    const isNext =
      last !== undefined &&
      last.fd === slot.fd &&
      last.gpa + last.size === slot.gpa &&
      last.offset + last.size === slot.offset;
    if (isNext) runs[runs.length - 1] = { ...last, size: last.size + slot.size };
    else runs.push(slot);
  }
  return runs;
}
