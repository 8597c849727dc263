// How much there may be at once: what a client can make without end would fill the memory and the disk.
import { Problem } from '../errors.ts';

export interface Bounds {
  /** RBA_MAX_RAM_BLOCKS */
  readonly ramBlocks: number;
  /** RBA_MAX_LISTENERS */
  readonly listeners: number;
  /** RBA_MAX_LISTENERS_PER_BLOCK */
  readonly listenersPerBlock: number;
  /** RBA_MAX_SOURCES_PER_BLOCK */
  readonly sourcesPerBlock: number;
}

/** The bounds where no setting says another. */
export const DEFAULT_BOUNDS: Bounds = {
  ramBlocks: 100_000,
  listeners: 10_000,
  listenersPerBlock: 1000,
  sourcesPerBlock: 64,
};

/**
 * Checks that one more fits.
 * @param count how many there are @param what they are, with the place @param setting that holds `limit`
 * @throws Problem `limit-reached`
 */
export function checkBound(count: number, limit: number, what: string, setting: string): void {
  if (count < limit) return;
  throw new Problem('limit-reached', `there are ${count} ${what}; the limit is ${limit} (${setting})`, { limit });
}
