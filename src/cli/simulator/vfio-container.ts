// The DMA mappings of one VFIO container, keyed by the offset in the RAM block, with the kernel's rules: no two mappings
// overlap, none can be cut, and there is a limit to their number and to the memory they pin.
//
// Two page bitmaps hold them: the pages that are mapped, and those at which a mapping starts. Every question is then a
// scan of words (overlap: a mapped page in the range; would cut: a mapped page at an end where none starts), a million
// mappings are two bits a page, and the maximal runs come for free. Pages are of 4096 bytes, the least there can be.

import { PageBitmap } from '../../core/page-bitmap.ts';
import { type PageRange, type Section, toPageRange, toSection } from '../../core/section.ts';
import { MAX_BYTES, MIN_PAGE_SIZE } from '../../limits.ts';

/** The largest RAM block there is: 64 TiB. */
export const MAX_BLOCK_BYTES = 64 * 2 ** 40;

export interface VfioLimits {
  /** VFIO type1's dma_entry_limit. */
  readonly dmaMaxMappings: number;
  /** Bytes that may be pinned (RLIMIT_MEMLOCK); null for no limit. */
  readonly memlock: number | null;
}

/** Why a mapping was not made; `section` is the mapping. */
export interface MapFailure {
  readonly errno: 'EEXIST' | 'ENOSPC';
  readonly section: Section;
  readonly text: string;
}

/** Sections are in bytes of the region, multiples of 4096, and end at {@link MAX_BLOCK_BYTES} at most. */
export class VfioContainer {
  readonly #limits: VfioLimits;
  readonly #mapped = new PageBitmap(MAX_BLOCK_BYTES / MIN_PAGE_SIZE);
  readonly #starts = new PageBitmap(MAX_BLOCK_BYTES / MIN_PAGE_SIZE);
  /** The largest granularity so far, bytes: no mapping crosses a multiple of it. */
  #largestGranularity = MIN_PAGE_SIZE;
  #peakMappings = 0;

  constructor(limits: VfioLimits) {
    this.#limits = limits;
  }

  get mappings(): number {
    return this.#starts.populated;
  }

  get mappedBytes(): number {
    return this.#mapped.populated * MIN_PAGE_SIZE;
  }

  get peakMappings(): number {
    return this.#peakMappings;
  }

  /** How many maximal mapped runs there are. */
  get runCount(): number {
    return this.#mapped.runCount;
  }

  /** The maximal mapped runs, ascending; bytes. */
  *runs(): Generator<Section> {
    for (const run of this.#mapped.allRuns(true)) yield toSection(run, MIN_PAGE_SIZE);
  }

  /** Whether a DMA to the byte at `offset` would reach memory. */
  isMapped(offset: number): boolean {
    return this.#mapped.has(Math.floor(offset / MIN_PAGE_SIZE));
  }

  /**
   * Maps each section in pieces cut at multiples of `granularity` (bytes, a power of two), as QEMU's
   * vfio_ram_discard_notify_populate does. Where one piece cannot be mapped, all that this call has mapped is unmapped.
   * @returns null when all is mapped, else why not
   */
  map(sections: readonly Section[], granularity: number): MapFailure | null {
    const done: PageRange[] = [];
    for (const section of sections) {
      const failure = this.#mapSection(section, granularity);
      if (failure !== null) {
        for (const range of done) this.#remove(range);
        return failure;
      }
      done.push(toPageRange(section, MIN_PAGE_SIZE));
    }
    return null;
  }

  /**
   * Maps what of the sections is not mapped yet, in pieces as {@link VfioContainer.map} does, beyond every limit: for a
   * mirror, which is told what is and has no way to refuse it.
   */
  mapMissing(sections: readonly Section[], granularity: number): void {
    for (const section of sections) {
      // A list, for mapping changes what the runs are read from.
      for (const run of [...this.#mapped.runs(toPageRange(section, MIN_PAGE_SIZE), false)]) {
        this.#add(run, new Pieces(toSection(run, MIN_PAGE_SIZE), granularity));
      }
    }
    this.#peakMappings = Math.max(this.#peakMappings, this.mappings);
  }

  /**
   * Unmaps `section`; what of it is not mapped is no matter. The kernel refuses to cut a mapping and would leave it as it
   * is; here it is unmapped as a whole and its rest is mapped again (if there is room for the mapping), so that nothing
   * stays mapped that was discarded.
   * @returns the mappings that would have been cut
   */
  unmap(section: Section): Section[] {
    const range = toPageRange(section, MIN_PAGE_SIZE);
    const cuts = new Map<number, PageRange>();
    for (const border of [range.start, range.end]) {
      if (!this.#mapped.has(border) || this.#starts.has(border)) continue;
      const mapping = this.#mappingAt(border);
      cuts.set(mapping.start, mapping);
    }
    const rest = this.#mapped.has(range.end) && !this.#starts.has(range.end) ? this.#mappingAt(range.end).end : null;
    this.#remove(range);
    if (rest !== null) {
      if (this.mappings < this.#limits.dmaMaxMappings) this.#starts.set({ start: range.end, end: range.end + 1 });
      else this.#mapped.clear({ start: range.end, end: rest });
      this.#peakMappings = Math.max(this.#peakMappings, this.mappings);
    }
    return [...cuts.values()].map((mapping) => toSection(mapping, MIN_PAGE_SIZE));
  }

  #mapSection(section: Section, granularity: number): MapFailure | null {
    const range = toPageRange(section, MIN_PAGE_SIZE);
    const pieces = new Pieces(section, granularity);
    // How many pieces can be mapped before each obstacle. At the same piece the kernel looks for them in this order.
    const overlap = this.#mapped.next(range, true);
    const untilOverlap = overlap < range.end ? pieces.indexOf(overlap * MIN_PAGE_SIZE) : pieces.count;
    const room = this.#limits.dmaMaxMappings - this.mappings;
    const memlock = this.#limits.memlock ?? MAX_BYTES;
    const lockable = pieces.within(memlock - this.mappedBytes);
    const possible = Math.min(pieces.count, untilOverlap, room, lockable);
    this.#peakMappings = Math.max(this.#peakMappings, this.mappings + possible);
    if (possible === pieces.count) {
      this.#add(range, pieces);
      return null;
    }
    const piece = pieces.at(possible);
    const fail = (errno: MapFailure['errno'], why: string) => ({
      errno,
      section: piece,
      text: `mapping ${hex(piece)} ${why}`,
    });
    if (possible === untilOverlap) return fail('EEXIST', `overlaps the mapping ${hex(this.#sectionAt(overlap))}`);
    if (possible === room) {
      const limit = this.#limits.dmaMaxMappings;
      return fail('ENOSPC', `would be DMA mapping ${limit + 1}; --dma-max-mappings allows ${limit}`);
    }
    const pinned = this.mappedBytes + piece.offset + piece.size - section.offset;
    return fail('ENOSPC', `would make it ${pinned} pinned bytes; --memlock allows ${memlock}`);
  }

  #add(range: PageRange, pieces: Pieces): void {
    this.#largestGranularity = Math.max(this.#largestGranularity, pieces.granularity);
    this.#mapped.set(range);
    if (pieces.granularity === MIN_PAGE_SIZE) {
      this.#starts.set(range);
      return;
    }
    for (let index = 0; index < pieces.count; index++) {
      const start = pieces.at(index).offset / MIN_PAGE_SIZE;
      this.#starts.set({ start, end: start + 1 });
    }
  }

  #remove(range: PageRange): void {
    this.#mapped.clear(range);
    this.#starts.clear(range);
  }

  #sectionAt(page: number): Section {
    return toSection(this.#mappingAt(page), MIN_PAGE_SIZE);
  }

  /** The mapping that `page`, which is mapped, belongs to. */
  #mappingAt(page: number): PageRange {
    const granule = this.#largestGranularity / MIN_PAGE_SIZE;
    const first = Math.floor(page / granule) * granule;
    let start = first;
    for (const run of this.#starts.runs({ start: first, end: page + 1 }, true)) start = run.end - 1;
    const nextStart = this.#starts.next({ start: page + 1, end: first + granule }, true);
    return { start, end: this.#mapped.next({ start: page, end: nextStart }, false) };
  }
}

/** A section cut at multiples of `granularity`; the first and the last piece may be shorter. */
class Pieces {
  readonly granularity: number;
  readonly count: number;
  readonly #offset: number;
  readonly #end: number;
  /** The granule that the first piece lies in. */
  readonly #first: number;

  constructor({ offset, size }: Section, granularity: number) {
    this.granularity = granularity;
    this.#offset = offset;
    this.#end = offset + size;
    this.#first = Math.floor(offset / granularity);
    this.count = Math.ceil(this.#end / granularity) - this.#first;
  }

  at(index: number): Section {
    const offset = Math.max(this.#offset, (this.#first + index) * this.granularity);
    const end = Math.min(this.#end, (this.#first + index + 1) * this.granularity);
    return { offset, size: end - offset };
  }

  /** The piece that the byte at `offset` is in. */
  indexOf(offset: number): number {
    return Math.floor(offset / this.granularity) - this.#first;
  }

  /** How many pieces from the first on fit into `bytes`. */
  within(bytes: number): number {
    if (bytes >= this.#end - this.#offset) return this.count;
    // The piece that holds the first byte that does not fit is the first that does not fit.
    return this.indexOf(this.#offset + Math.max(0, bytes));
  }
}

/** `section` as people write addresses: start+size. */
export function hex({ offset, size }: Section): string {
  return `0x${offset.toString(16)}+0x${size.toString(16)}`;
}
