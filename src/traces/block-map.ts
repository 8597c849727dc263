// Which RAM block lies at a guest physical address, and a range cut at the borders of the blocks that it touches.

/** A range of guest physical addresses; both in bytes. */
export interface AddressRange {
  readonly gpa: number;
  readonly size: number;
}

/** `size` bytes from `gpa` on are the bytes of `block` from `offset` on. */
export interface Mapping<Block> extends AddressRange {
  readonly offset: number;
  readonly block: Block;
}

/** A part of a range: `size` bytes of `block` from `offset` on. */
export interface BlockPart<Block> {
  readonly block: Block;
  readonly offset: number;
  readonly size: number;
}

export interface CutRange<Block> {
  /** In ascending guest physical address. */
  readonly parts: readonly BlockPart<Block>[];
  /** Bytes of the range that lie in no block. */
  readonly unmappedBytes: number;
}

/** Two mappings have an address in common: an address belongs to one RAM block. */
export class OverlapError extends Error {
  /** As `GPA:SIZE`. */
  readonly first: string;
  readonly second: string;

  constructor(first: string, second: string) {
    super(`${first} and ${second} overlap`);
    this.first = first;
    this.second = second;
  }
}

export class BlockMap<Block> {
  readonly #mappings: readonly Mapping<Block>[];

  /** @throws OverlapError when two mappings share an address */
  constructor(mappings: readonly Mapping<Block>[]) {
    this.#mappings = mappings.toSorted((a, b) => a.gpa - b.gpa);
    let before: Mapping<Block> | undefined;
    for (const mapping of this.#mappings) {
      if (before !== undefined && before.gpa + before.size > mapping.gpa) {
        const [first, second] = [before, mapping].map(({ gpa, size }) => `0x${gpa.toString(16)}:${size}`);
        throw new OverlapError(String(first), String(second));
      }
      before = mapping;
    }
  }

  /** @param gpa bytes; @param size bytes, `gpa + size` at most 2^53-1 */
  cut(gpa: number, size: number): CutRange<Block> {
    const end = gpa + size;
    const parts: BlockPart<Block>[] = [];
    let unmappedBytes = size;
    for (const mapping of this.#mappings) {
      if (mapping.gpa >= end) break;
      const from = Math.max(gpa, mapping.gpa);
      const to = Math.min(end, mapping.gpa + mapping.size);
      if (from >= to) continue;
      parts.push({ block: mapping.block, offset: mapping.offset + (from - mapping.gpa), size: to - from });
      unmappedBytes -= to - from;
    }
    return { parts, unmappedBytes };
  }
}
