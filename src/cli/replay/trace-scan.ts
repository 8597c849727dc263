// The first pass over a file: which events of it are applied, and which blocks they need.

import { MAX_BLOCK_BYTES, MIN_PAGE_SIZE } from '../../limits.ts';
import { AddressFit, fitEnd } from '../../traces/address-fit.ts';
import type { AddressRange } from '../../traces/block-map.ts';
import { EventChoice } from '../../traces/event-choice.ts';
import { MemorySlots, type SlotMapping } from '../../traces/memory-slots.ts';
import { refusalOf } from '../../traces/placement.ts';
import { MEMORY_SLOT_EVENT, type TraceEvent } from '../../traces/trace-event.ts';
import type { TraceReader } from '../../traces/trace-reader.ts';

export interface TraceScan {
  readonly lines: number;
  /** Guest physical address ranges that hold every conversion by address. */
  readonly blocks: readonly AddressRange[];
  /** Bytes of a block that holds every state change; 0 without any. */
  readonly stateChangeLength: number;
  /** Which events the second pass applies. */
  readonly choice: EventChoice;
  /** The memory layout that the trace tells itself; empty where it does not. */
  readonly slots: readonly SlotMapping[];
}

/**
 * Reads a trace once. Conversions that the range rules refuse, and ones too large for any block, fit nothing and are left
 * to be counted when they come.
 * @throws CommandError when it cannot be read; Problem `invalid-request` at a line that names an event and cannot be read
 */
export async function scanTrace(
  reader: TraceReader,
  onEvent: (reader: TraceReader) => void = () => {},
): Promise<TraceScan> {
  const choice = new EventChoice();
  const slots = new MemorySlots();
  let fit = new AddressFit();
  let stateChangeEnd = 0;
  let isBeforeShared = true;
  for await (const events of reader.batches()) {
    for (const event of events) {
      onEvent(reader);
      if (event.event === MEMORY_SLOT_EVENT) {
        if (isBeforeShared) slots.add(event);
        continue;
      }
      if (event.to === 'shared') isBeforeShared = false;
      const taken = choice.take(event.event);
      if (taken === 'repeated') continue;
      if (taken === 'better') {
        fit = new AddressFit();
        stateChangeEnd = 0;
      }
      if (!isPlaceable(event)) continue;
      if (event.event !== 'ram_block_attributes_state_change') fit.add(event.start, event.size);
      else if (event.start + event.size <= MAX_BLOCK_BYTES) {
        stateChangeEnd = Math.max(stateChangeEnd, event.start + event.size);
      }
    }
  }
  return {
    lines: reader.lines,
    blocks: fit.blocks(),
    stateChangeLength: fitEnd(stateChangeEnd),
    choice,
    slots: slots.mappings(),
  };
}

function isPlaceable({ start, size }: TraceEvent): boolean {
  return size <= MAX_BLOCK_BYTES && refusalOf(start, size, MIN_PAGE_SIZE) === null;
}
