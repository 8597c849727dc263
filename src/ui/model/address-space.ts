// The blocks of a machine in the order of their guest physical addresses, with the holes between them.
import type { RamBlock } from './resources.ts';

export type Place =
  | { readonly kind: 'block'; readonly block: RamBlock }
  | { readonly kind: 'hole'; readonly gpa: number; readonly size: number };

/** Blocks without an address come last, in the order in which the service has placed them (`ramAddr`). */
export function inAddressOrder(blocks: readonly RamBlock[]): RamBlock[] {
  return blocks.toSorted((a, b) => {
    return (a.gpa ?? Number.POSITIVE_INFINITY) - (b.gpa ?? Number.POSITIVE_INFINITY) || a.ramAddr - b.ramAddr;
  });
}

/** @param blocks in address order */
export function placesOf(blocks: readonly RamBlock[]): Place[] {
  const places: Place[] = [];
  let end = 0;
  for (const block of blocks) {
    if (block.gpa !== null && block.gpa > end) places.push({ kind: 'hole', gpa: end, size: block.gpa - end });
    places.push({ kind: 'block', block });
    // What a resizeable block may grow into is reserved, and in no hole.
    if (block.gpa !== null) end = block.gpa + block.maxLength;
  }
  return places;
}

/** The block at a guest physical address, and the offset in it; null in a hole. */
export function blockAt(blocks: readonly RamBlock[], gpa: number): { block: RamBlock; offset: number } | null {
  for (const block of blocks) {
    if (block.gpa !== null && gpa >= block.gpa && gpa < block.gpa + block.usedLength) {
      return { block, offset: gpa - block.gpa };
    }
  }
  return null;
}
