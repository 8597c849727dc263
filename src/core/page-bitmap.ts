// One bit per page: 1 = populated. Two levels: a directory of chunks of 32,768 pages, where a chunk is empty, full or
// mixed; only mixed chunks have words. So a range costs what it touches and a uniform block costs four bytes a chunk.
import {
  CHUNK_BYTES,
  CHUNK_PAGES,
  CHUNK_WORDS,
  chunkOf,
  countPiecesIn,
  fillPages,
  isUniform,
  listInChunk,
  setPages,
  skipWords,
  turnPages,
  uniformChunk,
} from './chunk-words.ts';
import type { PageRange } from './section.ts';
import { ALL_ONES, countBits, countStarts, eachWord, isSet, lowestBit, setBits, word } from './words.ts';

/** Where each run of a chunk begins within it and how long it is, by turns; ascending and maximal. */
export type ChunkRuns = Uint16Array;

/** A mixed chunk: its words, or the runs that were put back from a snapshot, until somebody looks into it. */
export type ChunkContent = Uint32Array | ChunkRuns;

/**
 * Runs in one chunk from which on it is cheaper to count those of the whole chunk afterwards: with 32 it takes a third more
 * than one by one, with 64 a quarter less.
 */
const SEVERAL = 64;

export class PageBitmap {
  /** Pages that the bitmap stands for. */
  readonly length: number;
  /** Populated pages of each chunk. 0 = empty, all of it = full; anything between has its content in `#mixed`. */
  readonly #counts: Uint16Array;
  readonly #mixed = new Map<number, ChunkContent>();
  /** Of each chunk the pages at which a run begins: populated, and the page before them is not. */
  readonly #starts: Uint16Array;
  /** Chunks whose content another bitmap has as well: copied before it is written to. */
  readonly #lent = new Set<number>();
  /** Words of a chunk that became uniform, for the next that is mixed: often that is the same one again. */
  #spare: Uint32Array | null = null;
  #populated = 0;
  #runs = 0;

  constructor(length: number) {
    this.length = length;
    const chunks = Math.ceil(length / CHUNK_PAGES);
    this.#counts = new Uint16Array(chunks);
    this.#starts = new Uint16Array(chunks);
  }

  static full(length: number): PageBitmap {
    const bitmap = new PageBitmap(length);
    const last = bitmap.#counts.length - 1;
    bitmap.#counts.fill(CHUNK_PAGES);
    // The last chunk may be cut short.
    if (last >= 0) bitmap.#counts[last] = bitmap.#size(last);
    bitmap.#populated = length;
    bitmap.#runs = length > 0 ? 1 : 0;
    if (last >= 0) bitmap.#starts[0] = 1;
    return bitmap;
  }

  /** The pages that are populated in both; the two have the same length. */
  static intersection(a: PageBitmap, b: PageBitmap): PageBitmap {
    const result = a.clone();
    for (const hole of b.runs({ start: 0, end: b.length }, false)) result.clear(hole);
    return result;
  }

  /** How many pages are populated. */
  get populated(): number {
    return this.#populated;
  }

  /** How many maximal runs of populated pages there are. */
  get runCount(): number {
    return this.#runs;
  }

  /** Returns a copy. It costs what its directory does: chunks are shared until one of the two is written to. */
  clone(): PageBitmap {
    return this.slice({ start: 0, end: this.length });
  }

  /**
   * Returns a copy of `range`, as a bitmap of its own that starts at page 0. Where `range` starts with a chunk, chunks are
   * shared until one of the two is written to.
   */
  slice(range: PageRange): PageBitmap {
    return this.#copyTo(new PageBitmap(range.end - range.start), range);
  }

  /** Bytes that are held for mixed chunks, those that are shared with other bitmaps included. */
  get mixedBytes(): number {
    return this.#mixed.size * CHUNK_BYTES;
  }

  /** A copy that has `length` pages: cut at its end, or with pages added there that are not populated. */
  resized(length: number): PageBitmap {
    return this.#copyTo(new PageBitmap(length), { start: 0, end: Math.min(length, this.length) });
  }

  has(page: number): boolean {
    const chunk = Math.floor(page / CHUNK_PAGES);
    const bit = page - chunk * CHUNK_PAGES;
    const content = this.#mixed.get(chunk);
    // A single page is no reason to unpack runs.
    if (content instanceof Uint16Array) return countInRuns(content, bit, bit + 1) > 0;
    return this.#isPopulated(chunk, content, bit);
  }

  /** @throws RangeError when `range` is not within the bitmap, as everything does here that changes pages */
  set(range: PageRange): void {
    this.#fill(range, true);
  }

  clear(range: PageRange): void {
    this.#fill(range, false);
  }

  /**
   * Sets, or clears, the pages of `runs`, which ascend and share no page. Of a chunk that has several of them its runs are
   * counted once, and not once for each.
   */
  fillAll(runs: readonly PageRange[], populated: boolean): void {
    for (let at = 0; at < runs.length; ) {
      const run = runs[at] as PageRange;
      const chunk = Math.floor(run.start / CHUNK_PAGES);
      const end = chunk * CHUNK_PAGES + this.#size(chunk);
      let behind = at;
      while (behind < runs.length && (runs[behind] as PageRange).end <= end) behind++;
      if (behind - at < SEVERAL) {
        this.#fill(run, populated);
        at++;
      } else {
        this.#checkBounds(run.start, end);
        this.#fillSeveral(chunk, runs, at, behind, populated);
        at = behind;
      }
    }
  }

  /** Discards all pages that are populated in `other`. It costs what the chunks that both have do, not their runs. */
  subtract(other: PageBitmap): void {
    for (let chunk = 0; chunk < this.#counts.length; chunk++) {
      if (this.#count(chunk) === 0 || other.#count(chunk) === 0) continue;
      const start = chunk * CHUNK_PAGES;
      const taken = other.#wordsOf(chunk);
      if (taken === undefined) this.clear({ start, end: start + Math.min(other.#size(chunk), this.#size(chunk)) });
      else this.setChunk(chunk, bitsWithout(this.words(start, CHUNK_WORDS), taken));
    }
  }

  /** How many pages of `range` are populated. */
  count(range: PageRange): number {
    let pages = 0;
    this.#eachChunk(range, (chunk, from, to) => {
      const count = this.#count(chunk);
      const size = this.#size(chunk);
      // Mostly the whole chunk is asked for, and nothing is unpacked or looked into.
      if (to - from === size) pages += count;
      else if (count > 0) {
        const content = this.#mixed.get(chunk);
        if (content === undefined) pages += to - from;
        else pages += content instanceof Uint16Array ? countInRuns(content, from, to) : countBits(content, from, to);
      }
    });
    return pages;
  }

  /**
   * Returns how many pieces of `pagesPerPiece` pages, a power of two, hold a populated page of `range`. Pieces are aligned
   * to the first page of the bitmap.
   */
  countPieces(range: PageRange, pagesPerPiece: number): number {
    if (pagesPerPiece <= 1) return this.count(range);
    let pieces = 0;
    /** The last piece that is counted: the next chunk may begin in it. */
    let counted = -1;
    this.#eachChunk(range, (chunk, from, to) => {
      if (this.#count(chunk) === 0) return;
      const base = chunk * CHUNK_PAGES;
      const words = this.#wordsOf(chunk);
      if (words === undefined || pagesPerPiece >= CHUNK_PAGES) {
        const first = Math.floor((base + from) / pagesPerPiece);
        const last = Math.floor((base + to - 1) / pagesPerPiece);
        // Of a piece that is larger than a chunk this chunk may have pages that are outside of `range`.
        if (words !== undefined && countBits(words, from, to) === 0) return;
        pieces += last - Math.max(first, counted + 1) + 1;
        counted = last;
      } else pieces += countPiecesIn(words, from, to, pagesPerPiece);
    });
    return pieces;
  }

  /** How many maximal runs of populated pages `range` has, cut to it. */
  countRuns(range: PageRange): number {
    if (range.start === 0 && range.end === this.length) return this.#runs;
    const continued = range.start < range.end && this.has(range.start) && this.#hasBefore(range.start);
    return this.#countStarts(range.start, range.end) + (continued ? 1 : 0);
  }

  /** The first page of `range` that is populated (or not populated); `range.end` where there is none. */
  next(range: PageRange, populated: boolean): number {
    const flip = populated ? 0 : ALL_ONES;
    let page = range.start;
    while (page < range.end) {
      const chunk = Math.floor(page / CHUNK_PAGES);
      const base = chunk * CHUNK_PAGES;
      const words = this.#wordsOf(chunk);
      if (words === undefined) {
        if (this.#count(chunk) > 0 === populated) return page;
      } else {
        const bit = page - base;
        let index = bit >>> 5;
        let candidates = (word(words, index) ^ flip) & (ALL_ONES << (bit & 31));
        if (candidates === 0) {
          const last = Math.min(range.end - base - 1, CHUNK_PAGES - 1) >>> 5;
          index = skipWords(words, index + 1, last, flip);
          candidates = index <= last ? word(words, index) ^ flip : 0;
        }
        if (candidates !== 0) return Math.min(base + index * 32 + lowestBit(candidates), range.end);
      }
      page = base + CHUNK_PAGES;
    }
    return range.end;
  }

  /** The maximal runs of populated (or not populated) pages within `range`, cut to it, ascending. */
  *runs(range: PageRange, populated: boolean): Generator<PageRange> {
    let start = this.next(range, populated);
    while (start < range.end) {
      const end = this.next({ start, end: range.end }, !populated);
      yield { start, end };
      start = this.next({ start: end, end: range.end }, populated);
    }
  }

  /**
   * All of {@link PageBitmap.runs} at once: faster, where they are known to be few enough to be kept.
   * @param found to which they are added
   * @param most once there are more than so many, the rest may be left out
   */
  listRuns(
    range: PageRange,
    populated: boolean,
    found: PageRange[] = [],
    most = Number.POSITIVE_INFINITY,
  ): PageRange[] {
    /** Where the run begins that is not over yet; -1 where there is none. */
    let start = -1;
    for (let page = range.start; page < range.end && found.length <= most; ) {
      const chunk = Math.floor(page / CHUNK_PAGES);
      const base = chunk * CHUNK_PAGES;
      const [from, to] = [page - base, Math.min(range.end - base, CHUNK_PAGES)];
      const words = this.#wordsOf(chunk);
      page = base + to;
      if (words === undefined) {
        const isWanted = this.#count(chunk) > 0 === populated;
        if (isWanted && start < 0) start = base + from;
        else if (!isWanted && start >= 0) {
          found.push({ start, end: base + from });
          start = -1;
        }
        continue;
      }
      const size = this.#size(chunk);
      const count = populated ? this.#count(chunk) : size - this.#count(chunk);
      // Of a part of a chunk it is not known how many there are.
      start = listInChunk({ words, base, from, to }, populated, start, to - from === size ? count : size, found);
    }
    if (start >= 0) found.push({ start, end: range.end });
    return found;
  }

  /** Runs of the whole: see {@link PageBitmap.runs}. */
  allRuns(populated: boolean): Generator<PageRange> {
    return this.runs({ start: 0, end: this.length }, populated);
  }

  /** `count` words from page `start` on, lowest page in the lowest bit; pages from `limit` on are 0. */
  words(start: number, count: number, limit = this.length): Uint32Array<ArrayBuffer> {
    const result = new Uint32Array(count);
    const end = Math.min(start + count * 32, limit);
    this.#eachChunk({ start, end }, (chunk, from, to) => {
      const base = chunk * CHUNK_PAGES - start;
      const words = this.#wordsOf(chunk);
      if (words === undefined) {
        if (this.#count(chunk) > 0) setBits(result, base + from, base + to);
        return;
      }
      // Mostly the words are where they are to be already.
      if (((base | from | to) & 31) === 0) {
        result.set(words.subarray(from >>> 5, to >>> 5), (base + from) / 32);
        return;
      }
      eachWord(from, to, (index, mask) => {
        const bits = word(words, index) & mask;
        const target = base + index * 32;
        const low = Math.floor(target / 32);
        const shift = target - low * 32;
        if (low >= 0) result[low] = word(result, low) | (bits << shift);
        if (shift > 0 && low + 1 < count) result[low + 1] = word(result, low + 1) | (bits >>> (32 - shift));
      });
    });
    return result;
  }

  /** The pages of chunks that are full, as maximal runs; for snapshots. */
  fullChunks(): PageRange[] {
    const found: PageRange[] = [];
    for (let chunk = 0, start = -1; chunk <= this.#counts.length; chunk++) {
      const isFull = chunk < this.#counts.length && this.#count(chunk) === this.#size(chunk);
      if (isFull && start < 0) start = chunk;
      else if (!isFull && start >= 0) {
        found.push({ start: start * CHUNK_PAGES, end: Math.min(chunk * CHUNK_PAGES, this.length) });
        start = -1;
      }
    }
    return found;
  }

  /** The content of each chunk that is neither empty nor full; for snapshots. Not to be changed by the caller. */
  mixedChunks(): ReadonlyMap<number, ChunkContent> {
    return this.#mixed;
  }

  /** Makes the pages of one chunk what `bits` say, as many words as a chunk has; the counts follow. For snapshots. */
  setChunk(chunk: number, bits: Uint32Array): void {
    const words = chunkOf(bits);
    const start = chunk * CHUNK_PAGES;
    const size = this.#size(chunk);
    const range = { start, end: start + size };
    const populated = countBits(words, 0, CHUNK_PAGES);
    if (chunk < 0 || size <= 0 || populated > countBits(words, 0, size)) this.#checkBounds(start, start + CHUNK_PAGES);
    this.clear(range);
    this.#putChunk(chunk, words, populated);
    this.#counts[chunk] = populated;
    this.#populated += populated;
    const starts = this.#startsIn(chunk, this.#wordsOf(chunk), 0, range.end - start, this.#hasBefore(start));
    this.#addStarts(chunk, starts);
    // The run of the next chunk may have begun with it, for this one was empty.
    if (range.end < this.length && this.has(range.end) && this.has(range.end - 1)) this.#addStarts(chunk + 1, -1);
  }

  /**
   * Puts back one chunk, which is empty so far, from its runs; the counts follow. For snapshots: most of what a start puts
   * back is not looked into for a long time, and takes the room of its words from then on.
   */
  setRuns(chunk: number, runs: ChunkRuns): void {
    const base = chunk * CHUNK_PAGES;
    const size = this.#size(chunk);
    let [populated, end] = [0, 0];
    for (let at = 0; at < runs.length; at += 2) {
      const length = runs[at + 1] ?? 0;
      populated += length;
      end = (runs[at] ?? 0) + length;
    }
    this.#checkBounds(base, base + end);
    // Where a run goes on from the chunk before, or into the one behind, it has been counted there or is there already.
    const continued = runs[0] === 0 && this.#hasBefore(base) ? 1 : 0;
    const followed = end === size && base + size < this.length && this.has(base + size) ? 1 : 0;
    if (populated < size) this.#mixed.set(chunk, runs);
    this.#counts[chunk] = populated;
    this.#populated += populated;
    this.#addStarts(chunk, runs.length / 2 - continued);
    if (followed > 0) this.#addStarts(chunk + 1, -1);
  }

  #fill({ start, end }: PageRange, populated: boolean): void {
    this.#checkBounds(start, end);
    if (start >= end) return;
    // Runs are counted by their first pages: those in [start, end) go, and so may the one at `end`.
    let before = false;
    let hasAfter = false;
    for (let page = start; page < end; ) {
      const chunk = Math.floor(page / CHUNK_PAGES);
      const base = chunk * CHUNK_PAGES;
      const [from, to] = [page - base, Math.min(end - base, CHUNK_PAGES)];
      const words = this.#wordsOf(chunk);
      let begins = 0;
      // Mostly in the same chunk, whose words are at hand.
      if (page === start) {
        before = from > 0 ? this.#isPopulated(chunk, words, from - 1) : this.#hasBefore(start);
        begins = populated && !before ? 1 : 0;
      }
      if (base + to === end && end < this.length) {
        hasAfter = to < CHUNK_PAGES ? this.#isPopulated(chunk, words, to) : this.has(end);
      }
      // Mostly all of the pages turn, and nothing has to be counted.
      const allTurn = words !== undefined && isUniform(words, from, to, !populated);
      if (!allTurn) begins -= this.#startsIn(chunk, words, from, to, before);
      else if (!populated && !before) begins--;
      if (begins !== 0) this.#addStarts(chunk, begins);
      before = this.#isPopulated(chunk, words, to - 1);
      this.#fillChunk(chunk, words, from, to, populated, allTurn);
      page = base + to;
    }
    if (hasAfter && before !== populated) this.#addStarts(Math.floor(end / CHUNK_PAGES), populated ? -1 : 1);
  }

  /** Sets or clears those of `runs` from index `at` to `behind - 1`, which lie in `chunk`. */
  #fillSeveral(chunk: number, runs: readonly PageRange[], at: number, behind: number, populated: boolean): void {
    const base = chunk * CHUNK_PAGES;
    const size = this.#size(chunk);
    const before = this.#count(chunk);
    if (before === (populated ? size : 0)) return;
    const mixed = this.#wordsOf(chunk);
    const wasLast = this.#isPopulated(chunk, mixed, size - 1);
    const words = mixed === undefined ? this.#newWords(before > 0, size) : this.#own(chunk, mixed);
    let changed = 0;
    for (let index = at; index < behind; index++) {
      const { start, end } = runs[index] as PageRange;
      if (start < end) changed += fillPages(words, start - base, end - base, populated);
    }
    const after = before + (populated ? changed : -changed);
    this.#putChunk(chunk, words, after);
    this.#counts[chunk] = after;
    this.#populated += after - before;
    const now = this.#wordsOf(chunk);
    this.#addStarts(chunk, this.#startsIn(chunk, now, 0, size, this.#hasBefore(base)) - this.#startsOf(chunk));
    const isLast = this.#isPopulated(chunk, now, size - 1);
    // The run of the next chunk may begin there now, or no more.
    if (isLast !== wasLast && base + size < this.length && this.has(base + size)) {
      this.#addStarts(chunk + 1, isLast ? -1 : 1);
    }
  }

  /** @param mixed its words, where it has any @param allTurn whether none of the pages is as it is to be */
  #fillChunk(
    chunk: number,
    mixed: Uint32Array | undefined,
    from: number,
    to: number,
    populated: boolean,
    allTurn: boolean,
  ): void {
    const size = this.#size(chunk);
    const before = this.#count(chunk);
    if (before === (populated ? size : 0)) return;
    let after = populated ? size : 0;
    if (to - from < size) {
      const words = mixed === undefined ? this.#newWords(before > 0, size) : this.#own(chunk, mixed);
      const changed = (allTurn ? turnPages : fillPages)(words, from, to, populated);
      after = before + (populated ? changed : -changed);
      if (mixed === undefined || after === 0 || after === size) this.#putChunk(chunk, words, after);
    } else if (mixed !== undefined) this.#dropWords(chunk, mixed);
    this.#counts[chunk] = after;
    this.#populated += after - before;
  }

  /** The words of a chunk of `size` pages that are all populated, or none. */
  #newWords(populated: boolean, size: number): Uint32Array {
    const words = uniformChunk(populated, this.#spare);
    this.#spare = null;
    if (populated && size < CHUNK_PAGES) fillPages(words, size, CHUNK_PAGES, false);
    return words;
  }

  /** The words of a chunk that is mixed; undefined of any other. */
  #wordsOf(chunk: number): Uint32Array | undefined {
    const content = this.#mixed.get(chunk);
    if (content === undefined || content instanceof Uint32Array) return content;
    const words = this.#newWords(false, CHUNK_PAGES);
    for (let at = 0; at < content.length; at += 2) {
      const start = content[at] ?? 0;
      setPages(words, start, start + (content[at + 1] ?? 0));
    }
    this.#mixed.set(chunk, words);
    this.#lent.delete(chunk);
    return words;
  }

  /** Returns the words of a chunk to be written to: those that another bitmap has as well are copied first. */
  #own(chunk: number, words: Uint32Array): Uint32Array {
    if (this.#lent.size === 0 || !this.#lent.delete(chunk)) return words;
    const copy = words.slice();
    this.#mixed.set(chunk, copy);
    return copy;
  }

  #dropWords(chunk: number, words: Uint32Array): void {
    this.#mixed.delete(chunk);
    if (!this.#lent.delete(chunk)) this.#spare = words;
  }

  /** Copies `range` to the first pages of `copy`, which is empty. */
  #copyTo(copy: PageBitmap, range: PageRange): PageBitmap {
    const length = range.end - range.start;
    let start = 0;
    if (Number.isInteger(range.start / CHUNK_PAGES)) start = this.#shareTo(copy, range);
    for (; start < length; start += CHUNK_PAGES) {
      const end = Math.min(start + CHUNK_PAGES, length);
      const from = { start: range.start + start, end: range.start + end };
      const populated = this.count(from);
      if (populated === end - start) copy.set({ start, end });
      else if (populated > 0) copy.setChunk(start / CHUNK_PAGES, this.words(from.start, CHUNK_WORDS, from.end));
    }
    return copy;
  }

  /**
   * Gives `copy` the chunks that lie in `range` as a whole; the first page of `range` is that of a chunk.
   * @returns how many pages these are
   */
  #shareTo(copy: PageBitmap, range: PageRange): number {
    const first = range.start / CHUNK_PAGES;
    // The last chunk may be cut short; it is the same in both where both end with it.
    const isToEnd = range.end === this.length && copy.length === range.end - range.start;
    const end = isToEnd ? this.#counts.length : Math.floor(range.end / CHUNK_PAGES);
    copy.#counts.set(this.#counts.subarray(first, end));
    copy.#starts.set(this.#starts.subarray(first, end));
    // The run that goes on from before the range begins with it.
    if (first < end && this.#hasBefore(range.start) && this.has(range.start))
      copy.#starts[0] = this.#startsOf(first) + 1;
    for (let chunk = first; chunk < end; chunk++) {
      copy.#populated += this.#count(chunk);
      copy.#runs += copy.#startsOf(chunk - first);
    }
    const share = (chunk: number, content: ChunkContent): void => {
      copy.#mixed.set(chunk - first, content);
      copy.#lent.add(chunk - first);
      this.#lent.add(chunk);
    };
    if (this.#mixed.size < end - first) {
      for (const [chunk, content] of this.#mixed) if (chunk >= first && chunk < end) share(chunk, content);
    } else {
      for (let chunk = first; chunk < end; chunk++) {
        const content = this.#mixed.get(chunk);
        if (content !== undefined) share(chunk, content);
      }
    }
    return (end - first) * CHUNK_PAGES;
  }

  /** Keeps the words only where they say more than their count, `populated`. */
  #putChunk(chunk: number, words: Uint32Array, populated: number): void {
    if (populated === 0 || populated === this.#size(chunk)) this.#dropWords(chunk, words);
    else this.#mixed.set(chunk, words);
  }

  /** How many pages of [start, end) are populated while the page before them is not. */
  #countStarts(start: number, end: number): number {
    let starts = 0;
    this.#eachChunk({ start, end }, (chunk, from, to) => {
      if (to - from === this.#size(chunk)) starts += this.#startsOf(chunk);
      else if (this.#startsOf(chunk) > 0) {
        const before = from === 0 && this.#hasBefore(chunk * CHUNK_PAGES);
        const words = this.#wordsOf(chunk);
        // Without words all of the chunk is populated, and only its first page can begin a run.
        starts += words === undefined ? (from === 0 ? 1 : 0) : countStarts(words, from, to, before);
      }
    });
    return starts;
  }

  /** The same within one chunk. @param words of the chunk, where it has any @param before whether the page before it is */
  #startsIn(chunk: number, words: Uint32Array | undefined, from: number, to: number, before: boolean): number {
    if (words !== undefined) return countStarts(words, from, to, before);
    return this.#count(chunk) > 0 && !before ? 1 : 0;
  }

  #isPopulated(chunk: number, words: Uint32Array | undefined, bit: number): boolean {
    return words === undefined ? this.#count(chunk) > 0 : isSet(words, bit);
  }

  #startsOf(chunk: number): number {
    return this.#starts[chunk] ?? 0;
  }

  /** `starts` more runs begin in a chunk; fewer where it is negative. */
  #addStarts(chunk: number, starts: number): void {
    this.#starts[chunk] = this.#startsOf(chunk) + starts;
    this.#runs += starts;
  }

  #hasBefore(page: number): boolean {
    return page > 0 && this.has(page - 1);
  }

  /** Calls `visit` for each chunk that `range` touches, with the bits of the chunk that it covers. */
  #eachChunk(range: PageRange, visit: (chunk: number, from: number, to: number) => void): void {
    let page = range.start;
    while (page < range.end) {
      const chunk = Math.floor(page / CHUNK_PAGES);
      const base = chunk * CHUNK_PAGES;
      const to = Math.min(range.end - base, CHUNK_PAGES);
      visit(chunk, page - base, to);
      page = base + to;
    }
  }

  #checkBounds(start: number, end: number): void {
    if (start >= 0 && end <= this.length) return;
    throw new RangeError(`pages ${start} to ${end} are not within a bitmap of ${this.length} pages`);
  }

  #size(chunk: number): number {
    return Math.min(CHUNK_PAGES, this.length - chunk * CHUNK_PAGES);
  }

  #count(chunk: number): number {
    return this.#counts[chunk] ?? 0;
  }
}

/** How many pages of [from, to) the runs of a chunk hold. */
function countInRuns(runs: ChunkRuns, from: number, to: number): number {
  let pages = 0;
  for (let at = 0; at < runs.length; at += 2) {
    const start = runs[at] ?? 0;
    if (start >= to) break;
    pages += Math.max(0, Math.min(start + (runs[at + 1] ?? 0), to) - Math.max(start, from));
  }
  return pages;
}

/** The bits of `words`, which are changed, that `taken` does not have. */
function bitsWithout(words: Uint32Array, taken: Uint32Array): Uint32Array {
  for (let index = 0; index < words.length; index++) words[index] = word(words, index) & ~word(taken, index);
  return words;
}
