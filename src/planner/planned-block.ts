// A RAM block as a plan follows it: the core's manager without listeners, and the aligned pieces that hold shared pages.

import { countMappings, countNewMappings } from '../core/dma-mappings.ts';
import { PageBitmap } from '../core/page-bitmap.ts';
import { type Plan as Change, RamDiscardManager } from '../core/ram-discard-manager.ts';
import { RAM_BLOCK_ATTRIBUTES, RamDiscardSource } from '../core/ram-discard-source.ts';
import { type PageRange, type Section, toPageRange } from '../core/section.ts';
import { MIN_PAGE_SIZE } from '../limits.ts';
import type { Footprint } from './footprint.ts';
import { PIECE_SIZES } from './plan.ts';

const NONE: readonly number[] = [];

export class PlannedBlock {
  readonly idstr: string;
  /** Where its offset 0 lies in guest physical addresses, bytes; null where that is not known. */
  readonly gpa: number | null;
  readonly usedLength: number;
  readonly pageSize = MIN_PAGE_SIZE;
  readonly #pages: PageRange;
  /** Made with the first conversion: most of the address space has none. */
  #state: { readonly manager: RamDiscardManager; readonly source: RamDiscardSource } | null = null;
  /** Pieces that hold a shared page, in the order of PIECE_SIZES. */
  readonly #pieces: number[] = PIECE_SIZES.map(() => 0);

  /** @param usedLength bytes, a multiple of the page size */
  constructor(idstr: string, gpa: number | null, usedLength: number) {
    this.idstr = idstr;
    this.gpa = gpa;
    this.usedLength = usedLength;
    this.#pages = toPageRange({ offset: 0, size: usedLength }, MIN_PAGE_SIZE);
  }

  /** Adds what this block has mapped and pinned, or (`sign` -1) takes it away. */
  addTo(footprint: Footprint, sign: 1 | -1): void {
    if (this.#state === null) return;
    const { populated } = this.#state.manager;
    const shared = sign * populated.populated * MIN_PAGE_SIZE;
    footprint.add(0, sign * populated.populated, shared);
    footprint.add(1, sign * populated.runCount, shared);
    for (let index = 0; index < PIECE_SIZES.length; index++) {
      const pieces = this.#pieces[index] ?? 0;
      footprint.add(2 + index, sign * pieces, sign * this.#pinned(PIECE_SIZES[index] ?? 0, pieces, populated));
    }
    footprint.mixedChunks += sign * populated.mixedChunks().size;
  }

  /**
   * Converts a section, which lies within the block on page borders.
   * @returns what changed, and for each of PIECE_SIZES how many pieces stay mapped although pages in them turned private
   */
  convert(section: Section, populate: boolean): { readonly change: Change; readonly kept: readonly number[] } {
    const { manager, source } = this.#prepared();
    const change = manager.plan({ source, range: toPageRange(section, MIN_PAGE_SIZE), populate });
    const { changed } = change;
    if (changed.length === 0) return { change, kept: NONE };
    if (populate) {
      for (const [index, gained] of this.#differences(changed).entries()) this.#add(index, gained);
      manager.turn(source, change);
      return { change, kept: NONE };
    }
    manager.turn(source, change);
    const kept = this.#differences(changed).map((lost, index) => {
      this.#add(index, -lost);
      return countMappings(changed, MIN_PAGE_SIZE, PIECE_SIZES[index] ?? 0) - lost;
    });
    return { change, kept };
  }

  /** For each of PIECE_SIZES the pieces that `runs` touch and that hold no shared page now. */
  #differences(runs: readonly PageRange[]): number[] {
    const { populated } = this.#prepared().manager;
    return PIECE_SIZES.map((size) => countNewMappings(populated, this.#pages, runs, MIN_PAGE_SIZE, size));
  }

  #add(index: number, pieces: number): void {
    this.#pieces[index] = (this.#pieces[index] ?? 0) + pieces;
  }

  /** Bytes of `pieces` pieces; the last piece of the block ends with it. */
  #pinned(size: number, pieces: number, populated: PageBitmap): number {
    const bytes = pieces * size;
    const rest = this.usedLength % size;
    if (rest === 0 || pieces === 0) return bytes;
    const last = toPageRange({ offset: this.usedLength - rest, size: rest }, MIN_PAGE_SIZE);
    return populated.next(last, true) < last.end ? bytes - size + rest : bytes;
  }

  #prepared(): { readonly manager: RamDiscardManager; readonly source: RamDiscardSource } {
    if (this.#state !== null) return this.#state;
    const manager = new RamDiscardManager(this.#pages.end);
    const definition = { id: RAM_BLOCK_ATTRIBUTES, name: RAM_BLOCK_ATTRIBUTES, granularity: MIN_PAGE_SIZE };
    const source = new RamDiscardSource(definition, new PageBitmap(this.#pages.end));
    manager.addSource(source);
    this.#state = { manager, source };
    return this.#state;
  }
}
