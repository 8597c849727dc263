// Which memory is converted again and again: how many conversions changed something in each piece of 2 MiB. Bounded: when
// there are too many pieces, those with the lowest counts are forgotten.

import type { PageRange } from '../core/section.ts';
import { MIN_PAGE_SIZE } from '../limits.ts';
import type { PlannedBlock } from './planned-block.ts';

export const PIECE_BYTES = 2 * 2 ** 20;
const PIECE_PAGES = PIECE_BYTES / MIN_PAGE_SIZE;
/** Pages of a run that says nothing about its pieces: 1 GiB. */
const LARGEST_RUN = 2 ** 30 / MIN_PAGE_SIZE;
const MAX_PIECES = 65_536;

export interface HotPiece {
  readonly block: PlannedBlock;
  /** Bytes. */
  readonly offset: number;
  readonly conversions: number;
}

export class HotPieces {
  readonly #counts = new Map<PlannedBlock, Map<number, number>>();
  readonly #most: number;
  #pieces = 0;
  exact = true;

  /** @param most pieces that are kept count of at a time */
  constructor(most = MAX_PIECES) {
    this.#most = most;
  }

  /** One conversion changed `runs`, ascending. */
  note(block: PlannedBlock, runs: readonly PageRange[]): void {
    let counts = this.#counts.get(block);
    if (counts === undefined) {
      counts = new Map();
      this.#counts.set(block, counts);
    }
    let next = 0;
    for (const { start, end } of runs) {
      if (end - start > LARGEST_RUN) continue;
      const last = Math.ceil(end / PIECE_PAGES) - 1;
      for (next = Math.max(next, Math.floor(start / PIECE_PAGES)); next <= last; next++) {
        const count = counts.get(next) ?? 0;
        if (count === 0) this.#pieces++;
        counts.set(next, count + 1);
      }
    }
    if (this.#pieces > this.#most) this.#forget();
  }

  /** Those with most conversions first; of those with as many, the lower offsets first. */
  top(length: number): HotPiece[] {
    return this.#all()
      .toSorted((a, b) => b.conversions - a.conversions || a.offset - b.offset)
      .slice(0, length);
  }

  /** At least half of the pieces. */
  #forget(): void {
    this.exact = false;
    const sorted = this.#all().map(({ conversions }) => conversions);
    sorted.sort((a, b) => a - b);
    const threshold = sorted[Math.ceil(sorted.length / 2)] ?? 0;
    this.#pieces = 0;
    for (const counts of this.#counts.values()) {
      for (const [piece, count] of counts) if (count <= threshold) counts.delete(piece);
      this.#pieces += counts.size;
    }
  }

  #all(): HotPiece[] {
    return [...this.#counts].flatMap(([block, counts]) => {
      return [...counts].map(([piece, conversions]) => ({ block, offset: piece * PIECE_BYTES, conversions }));
    });
  }
}
