// Where the conversions of a trace belong: in the RAM blocks that the person named, or in blocks that fit the trace. The
// trace is read once, so fitted blocks are known only at its end; until then guest physical addresses are one space.

import { Problem } from '../errors.ts';
import { MAX_BLOCK_BYTES } from '../limits.ts';
import { AddressFit } from '../traces/address-fit.ts';
import { type AddressRange, BlockMap, type Mapping } from '../traces/block-map.ts';
import type { MapOption } from '../traces/map-option.ts';
import { type Placed, Placement } from '../traces/placement.ts';
import type { TraceConversion } from '../traces/trace-event.ts';
import type { PlanBlock } from './plan.ts';
import { PlannedBlock } from './planned-block.ts';

/**
 * RAM comes in whole GiB and begins on such borders, so a fitted block does: its pieces are those of guest physical
 * addresses, and none of them reaches beyond it.
 */
const FIT_ALIGNMENT = 2 ** 30;
/** Guest physical addresses are below 2^53 here. */
const ADDRESSES = 2 ** 53;

export interface LayoutOptions {
  readonly maps: readonly MapOption[];
  /** The idstr of the RAM block of `ram_block_attributes_state_change` lines. Null: the one that is mapped, else a fitted one. */
  readonly block: string | null;
}

/** A place as the plan names it. */
export interface Place {
  readonly idstr: string;
  readonly offset: number;
  readonly gpa: number | null;
}

export class MemoryLayout {
  readonly #maps: readonly MapOption[];
  /** By idstr: those that were named. */
  readonly #named = new Map<string, PlannedBlock>();
  readonly #stateChangeBlock: PlannedBlock;
  readonly #placement: Placement<PlannedBlock>;
  /** The range that conversions by address touch; none where blocks are named. */
  readonly #fit = new AddressFit();
  /** Bytes up to which state changes reach in a block that is fitted. */
  #stateChangeEnd = 0;

  /** @throws Problem `invalid-range` when two maps overlap */
  constructor({ maps, block }: LayoutOptions) {
    this.#maps = maps.toSorted((a, b) => a.gpa - b.gpa);
    checkOverlaps(this.#maps);
    for (const { idstr } of this.#maps) this.#named.set(idstr, namedBlock(idstr, this.#maps));
    const [only] = this.#named.size === 1 ? this.#named.keys() : [];
    const name = block ?? only ?? 'ram';
    this.#stateChangeBlock = this.#named.get(name) ?? new PlannedBlock(name, null, MAX_BLOCK_BYTES);
    const mappings = maps.length === 0 ? addressSpace() : this.#mappings();
    const map = new BlockMap(mappings);
    this.#placement = new Placement({ map, machine: null, stateChangeBlock: this.#stateChangeBlock });
  }

  place(conversion: TraceConversion): Placed<PlannedBlock> {
    const { event, start, size, to } = conversion;
    if (this.#isFitted && event !== 'ram_block_attributes_state_change' && size > MAX_BLOCK_BYTES) {
      return { kind: 'refused', reason: to === 'shared' ? 'unmappedToShared' : 'unmappedToPrivate' };
    }
    const placed = this.#placement.place(conversion);
    if (placed.kind === 'refused') return placed;
    if (event === 'ram_block_attributes_state_change') {
      this.#stateChangeEnd = Math.max(this.#stateChangeEnd, start + size);
    } else if (this.#isFitted) this.#fit.add(start, size);
    return placed;
  }

  /** The RAM blocks, in ascending guest physical address. */
  blocks(): PlanBlock[] {
    const blocks: PlanBlock[] = this.#isFitted ? this.#fitted() : [...this.#named.values()].map(toPlanBlock);
    const { idstr } = this.#stateChangeBlock;
    if (this.#named.has(idstr) || this.#stateChangeEnd === 0) return blocks;
    return [...blocks, { idstr, gpa: null, size: roundUp(this.#stateChangeEnd), guessed: true }];
  }

  /** `offset` bytes into `block` as the plan names it. @param blocks what {@link MemoryLayout.blocks} gave */
  locate(block: PlannedBlock, offset: number, blocks: readonly PlanBlock[]): Place {
    const { idstr } = block;
    if (block === this.#stateChangeBlock && !this.#named.has(idstr)) return { idstr, offset, gpa: null };
    if (!this.#isFitted) {
      const map = this.#maps.find(
        (one) => one.idstr === idstr && one.offset <= offset && offset < one.offset + one.size,
      );
      return { idstr, offset, gpa: map === undefined ? null : map.gpa + (offset - map.offset) };
    }
    const gpa = (block.gpa ?? 0) + offset;
    const fitted = blocks.find((one) => one.gpa !== null && one.gpa <= gpa && gpa < one.gpa + one.size);
    return { idstr: fitted?.idstr ?? idstr, offset: gpa - (fitted?.gpa ?? 0), gpa };
  }

  get #isFitted(): boolean {
    return this.#maps.length === 0;
  }

  #mappings(): Mapping<PlannedBlock>[] {
    return this.#maps.flatMap(({ gpa, size, offset, idstr }) => {
      const block = this.#named.get(idstr);
      return block === undefined ? [] : [{ gpa, size, offset, block }];
    });
  }

  #fitted(): PlanBlock[] {
    const ranges: AddressRange[] = [];
    for (const { gpa, size } of this.#fit.blocks()) {
      const start = gpa - (gpa % FIT_ALIGNMENT);
      const end = roundUp(gpa + size);
      const before = ranges.at(-1);
      if (before === undefined || before.gpa + before.size < start) ranges.push({ gpa: start, size: end - start });
      else ranges[ranges.length - 1] = { gpa: before.gpa, size: end - before.gpa };
    }
    return ranges.map(({ gpa, size }) => ({ idstr: `ram-0x${gpa.toString(16)}`, gpa, size, guessed: true }));
  }
}

/** All guest physical addresses, as blocks of the largest size. */
function addressSpace(): Mapping<PlannedBlock>[] {
  return Array.from({ length: ADDRESSES / MAX_BLOCK_BYTES }, (_, index) => {
    const gpa = index * MAX_BLOCK_BYTES;
    return { gpa, size: MAX_BLOCK_BYTES, offset: 0, block: new PlannedBlock('ram', gpa, MAX_BLOCK_BYTES) };
  });
}

/** As long as its parts need it. */
function namedBlock(idstr: string, maps: readonly MapOption[]): PlannedBlock {
  const parts = maps.filter((map) => map.idstr === idstr);
  const [first] = parts.toSorted((a, b) => a.offset - b.offset);
  const gpa = first === undefined || first.gpa < first.offset ? null : first.gpa - first.offset;
  return new PlannedBlock(idstr, gpa, Math.max(...parts.map(({ offset, size }) => offset + size)));
}

/** @param maps in ascending address @throws Problem `invalid-range` */
function checkOverlaps(maps: readonly MapOption[]): void {
  for (const [index, { gpa }] of maps.entries()) {
    const before = maps[index - 1];
    if (before === undefined || before.gpa + before.size <= gpa) continue;
    const detail = `the maps at 0x${before.gpa.toString(16)} and 0x${gpa.toString(16)} overlap; an address belongs to one RAM block`;
    throw new Problem('invalid-range', detail);
  }
}

function toPlanBlock({ idstr, gpa, usedLength }: PlannedBlock): PlanBlock {
  return { idstr, gpa, size: usedLength, guessed: false };
}

/** The answer has no number beyond 2^53-1. */
function roundUp(end: number): number {
  return Math.min(Math.ceil(end / FIT_ALIGNMENT) * FIT_ALIGNMENT, ADDRESSES - 4096);
}
