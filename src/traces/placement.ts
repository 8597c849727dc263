// Places one conversion of a trace: parts of RAM blocks to convert, as one or each by itself, or a line that the
// range rules refuse. No I/O: a service's blocks and planned ones are placed alike.
import { MAX_BYTES, MIN_PAGE_SIZE } from '../limits.ts';
import type { BlockMap, BlockPart } from './block-map.ts';
import type { TraceConversion } from './trace-event.ts';

/** Why the range rules refuse a line, in the order in which they are asked. */
export const RANGE_REFUSALS = {
  empty: 'size 0',
  unaligned: 'not on page borders',
  beyondLimit: 'beyond 2^53-1',
  unmappedToShared: 'to shared, in no block (QEMU ignores it)',
  unmappedToPrivate: 'to private, not wholly in blocks (EINVAL)',
  outsideBlock: 'state change beyond the end of its block',
  noBlock: 'state change without --block',
  byService: 'answered invalid-range',
} as const;

export type RangeRefusal = keyof typeof RANGE_REFUSALS;

/** The values of a block that the range rules need; bytes. */
export interface Placeable {
  readonly usedLength: number;
  readonly pageSize: number;
}

/** A machine of the service, and where it has its blocks. */
export interface MachineLayout<Block> {
  readonly name: string;
  readonly map: BlockMap<Block>;
}

export type Placed<Block> =
  | {
      readonly kind: 'parts';
      readonly parts: readonly BlockPart<Block>[];
      /** Bytes that lie in no block, of a conversion to shared: they are left out. */
      readonly unassignedBytes: number;
      /** The machine whose conversion, by guest physical address, comes to these parts and no others; null: each alone. */
      readonly machine: string | null;
    }
  | { readonly kind: 'refused'; readonly reason: RangeRefusal };

export interface PlacementOptions<Block> {
  readonly map: BlockMap<Block>;
  /** Where the service has these blocks; null: it does not say. */
  readonly machine: MachineLayout<Block> | null;
  /** Where the offsets of `ram_block_attributes_state_change` lines belong; null: nowhere. */
  readonly stateChangeBlock: Block | null;
}

/** Places the conversions of one trace. Which of its events are conversions of their own is decided before. */
export class Placement<Block extends Placeable> {
  readonly #map: BlockMap<Block>;
  readonly #machine: MachineLayout<Block> | null;
  readonly #stateChangeBlock: Block | null;

  constructor(options: PlacementOptions<Block>) {
    this.#map = options.map;
    this.#machine = options.machine;
    this.#stateChangeBlock = options.stateChangeBlock;
  }

  place(conversion: TraceConversion): Placed<Block> {
    const isStateChange = conversion.event === 'ram_block_attributes_state_change';
    const { start, size } = conversion;
    const reason = refusalOf(start, size, MIN_PAGE_SIZE);
    if (reason !== null) return { kind: 'refused', reason };
    return isStateChange ? this.#placeInBlock(start, size) : this.#placeByAddress(conversion);
  }

  #placeInBlock(offset: number, size: number): Placed<Block> {
    const block = this.#stateChangeBlock;
    if (block === null) return { kind: 'refused', reason: 'noBlock' };
    if (offset + size > block.usedLength) return { kind: 'refused', reason: 'outsideBlock' };
    return aligned({ kind: 'parts', parts: [{ block, offset, size }], unassignedBytes: 0, machine: null });
  }

  /** Holes as QEMU's `kvm_convert_memory` has them: nothing to do when converting to shared, EINVAL to private. */
  #placeByAddress({ start, size, to }: TraceConversion): Placed<Block> {
    const { parts, unmappedBytes } = this.#map.cut(start, size);
    if (to === 'private' && unmappedBytes > 0) return { kind: 'refused', reason: 'unmappedToPrivate' };
    if (parts.length === 0) return { kind: 'refused', reason: 'unmappedToShared' };
    const machine =
      this.#machine !== null && areSame(parts, this.#machine.map.cut(start, size).parts) ? this.#machine.name : null;
    return aligned({ kind: 'parts', parts, unassignedBytes: unmappedBytes, machine });
  }
}

/**
 * Whether a range (bytes) is one that no block can take, whichever it lies in.
 * @returns null when there is nothing against it
 */
export function refusalOf(start: number, size: number, pageSize: number): RangeRefusal | null {
  if (size === 0) return 'empty';
  if (start > MAX_BYTES || start + size > MAX_BYTES) return 'beyondLimit';
  return start % pageSize === 0 && size % pageSize === 0 ? null : 'unaligned';
}

/** All parts or none: a line is refused as a whole. */
function aligned<Block extends Placeable>(placed: Extract<Placed<Block>, { kind: 'parts' }>): Placed<Block> {
  const fits = placed.parts.every(({ block, offset, size }) => refusalOf(offset, size, block.pageSize) === null);
  return fits ? placed : { kind: 'refused', reason: 'unaligned' };
}

function areSame<Block>(parts: readonly BlockPart<Block>[], others: readonly BlockPart<Block>[]): boolean {
  return (
    parts.length === others.length &&
    parts.every(({ block, offset, size }, index) => {
      const other = others[index];
      return block === other?.block && offset === other.offset && size === other.size;
    })
  );
}
