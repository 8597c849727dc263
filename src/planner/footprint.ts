// Mappings and pinned memory at one moment, by tracking, summed over the RAM blocks.
import { TRACKINGS } from './plan.ts';

/** Where the pinned bytes begin among the values. */
export const PINNED = TRACKINGS.length;

export class Footprint {
  /** DMA mappings, then pinned bytes, each in the order of TRACKINGS. */
  readonly values = new Float64Array(2 * TRACKINGS.length);
  /** Parts of bitmaps that take memory. */
  mixedChunks = 0;

  mappings(tracking: number): number {
    return this.values[tracking] ?? 0;
  }

  /** Bytes. */
  pinned(tracking: number): number {
    return this.values[PINNED + tracking] ?? 0;
  }

  /** Per page, what is pinned is what is shared. */
  get sharedBytes(): number {
    return this.pinned(0);
  }

  add(tracking: number, mappings: number, pinned: number): void {
    this.values[tracking] = this.mappings(tracking) + mappings;
    this.values[PINNED + tracking] = this.pinned(tracking) + pinned;
  }
}
