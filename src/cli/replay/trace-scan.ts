// The first pass over a file: which blocks its conversions need, and whether its state changes only repeat others.

import { MIN_PAGE_SIZE } from '../../core/section.ts';
import { AddressFit, fitEnd, MAX_BLOCK_BYTES } from '../../traces/address-fit.ts';
import type { AddressRange } from '../../traces/block-map.ts';
import { refusalOf } from '../../traces/placement.ts';
import type { TraceEvent } from '../../traces/trace-lines.ts';
import type { TraceReader } from '../../traces/trace-reader.ts';

export interface TraceScan {
  readonly lines: number;
  /** Guest physical address ranges that hold every conversion by address. */
  readonly blocks: readonly AddressRange[];
  /** Bytes of a block that holds every state change; 0 without any. */
  readonly stateChangeLength: number;
  readonly hasConvertMemory: boolean;
}

/**
 * Reads a trace once. Conversions that the range rules refuse, and ones too large for any block, fit nothing and are left
 * to be counted when they come.
 * @throws CommandError when it cannot be read
 */
export async function scanTrace(
  reader: TraceReader,
  onEvent: (reader: TraceReader) => void = () => {},
): Promise<TraceScan> {
  const fit = new AddressFit();
  let stateChangeEnd = 0;
  let hasConvertMemory = false;
  for await (const events of reader.batches()) {
    for (const event of events) {
      onEvent(reader);
      if (event.event === 'kvm_convert_memory') hasConvertMemory = true;
      if (!isPlaceable(event)) continue;
      if (event.event !== 'ram_block_attributes_state_change') fit.add(event.start, event.size);
      else if (event.start + event.size <= MAX_BLOCK_BYTES) {
        stateChangeEnd = Math.max(stateChangeEnd, event.start + event.size);
      }
    }
  }
  return { lines: reader.lines, blocks: fit.blocks(), stateChangeLength: fitEnd(stateChangeEnd), hasConvertMemory };
}

function isPlaceable({ start, size }: TraceEvent): boolean {
  return size <= MAX_BLOCK_BYTES && refusalOf(start, size, MIN_PAGE_SIZE) === null;
}
