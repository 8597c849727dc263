// The yardstick of the core: one bit per page in one array, word by word, without any summary. What it does for a
// conversion is what QEMU's ram_block_attributes_state_change does: whether the range is uniform is asked by looking for
// the next bit that differs, to the end of the bitmap if need be; a mixture is walked page by page, each told alone.
import type { NotifiedSection } from '../../src/core/ram-discard-listener.ts';
import type { PageRange } from '../../src/core/section.ts';

const PAGE = 4096;
const ALL_ONES = 0xffff_ffff;

export class FlatBitmap {
  readonly length: number;
  readonly #words: Uint32Array;

  /** @param length pages, a multiple of 32 */
  constructor(length: number) {
    this.length = length;
    this.#words = new Uint32Array(length / 32);
  }

  has(page: number): boolean {
    return ((this.#words[page >>> 5] ?? 0) & (1 << (page & 31))) !== 0;
  }

  fill({ start, end }: PageRange, populated: boolean): void {
    const words = this.#words;
    const first = start >>> 5;
    const last = (end - 1) >>> 5;
    const head = ALL_ONES << (start & 31);
    const tail = ALL_ONES >>> (31 - ((end - 1) & 31));
    if (first === last) {
      this.#mask(first, head & tail, populated);
      return;
    }
    this.#mask(first, head, populated);
    words.fill(populated ? ALL_ONES : 0, first + 1, last);
    this.#mask(last, tail, populated);
  }

  /** The first page from `start` on that is populated (or not); `end` where there is none before it. */
  next(start: number, end: number, populated: boolean): number {
    const words = this.#words;
    const flip = populated ? 0 : ALL_ONES;
    const count = Math.ceil(end / 32);
    let index = start >>> 5;
    if (start >= end) return end;
    let bits = ((words[index] ?? 0) ^ flip) & (ALL_ONES << (start & 31));
    while (bits === 0 && ++index < count) bits = (words[index] ?? 0) ^ flip;
    return bits === 0 ? end : Math.min(end, index * 32 + (31 - Math.clz32(bits & -bits)));
  }

  /**
   * Converts `range`. @returns the sections that one listener of the whole block hears of
   * @param byRuns walks a mixture run by run, which QEMU does not
   */
  convert({ start, end }: PageRange, populate: boolean, byRuns: boolean): NotifiedSection[] {
    const isDiscarded = this.next(start, this.length, true) >= end;
    const isPopulated = this.next(start, this.length, false) >= end;
    if (populate ? isPopulated : isDiscarded) return [];
    const isMixture = !isDiscarded && !isPopulated;
    const sections: NotifiedSection[] = [];
    if (isMixture && !byRuns) {
      for (let page = start; page < end; page++) {
        if (this.has(page) === populate) continue;
        this.#mask(page >>> 5, 1 << (page & 31), populate);
        sections.push(sectionOf(page, page + 1));
      }
      return sections;
    }
    for (let at = isMixture ? this.next(start, end, !populate) : start; at < end; ) {
      const runEnd = isMixture ? this.next(at, end, populate) : end;
      sections.push(sectionOf(at, runEnd));
      at = this.next(runEnd, end, !populate);
    }
    this.fill({ start, end }, populate);
    return sections;
  }

  /** Calls back for each run of populated pages, found word by word. */
  replay(callback: (section: NotifiedSection) => void): void {
    for (let at = this.next(0, this.length, true); at < this.length; ) {
      const end = this.next(at, this.length, false);
      callback(sectionOf(at, end));
      at = this.next(end, this.length, true);
    }
  }

  /** As {@link FlatBitmap.replay}, looking at every page. */
  replayByPage(callback: (section: NotifiedSection) => void): void {
    let start = -1;
    for (let page = 0; page <= this.length; page++) {
      const populated = page < this.length && this.has(page);
      if (populated && start < 0) start = page;
      if (!populated && start >= 0) {
        callback(sectionOf(start, page));
        start = -1;
      }
    }
  }

  #mask(index: number, mask: number, populated: boolean): void {
    const old = this.#words[index] ?? 0;
    this.#words[index] = populated ? old | mask : old & ~mask;
  }
}

function sectionOf(start: number, end: number): NotifiedSection {
  return { offsetWithinRegion: start * PAGE, size: (end - start) * PAGE, offsetWithinAddressSpace: start * PAGE };
}
