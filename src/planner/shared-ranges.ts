// Since when each page is shared: disjoint ranges with the time of their conversion, ascending, in leaves of bounded length,
// so that a change moves few of them however many there are.
import type { PageRange } from '../core/section.ts';

interface SharedRange extends PageRange {
  readonly since: number;
}

/** Called with pages that turned shared at one moment and are next to each other, and that moment. */
export type OnRange = (pages: number, since: number) => void;

const MAX_LEAF = 256;

export class SharedRanges {
  /** None is empty. */
  readonly #leaves: SharedRange[][] = [];
  readonly #maxLeaf: number;
  #size = 0;

  /** @param maxLeaf ranges that a leaf has at most */
  constructor(maxLeaf = MAX_LEAF) {
    this.#maxLeaf = maxLeaf;
  }

  /** How many ranges are kept; adjacent ones of the same moment may be kept apart. */
  get size(): number {
    return this.#size;
  }

  /** `range`, of which no page is shared, turns shared. */
  add({ start, end }: PageRange, since: number): void {
    const index = Math.max(0, this.#leafEndingAfter(start, true));
    const leaf = this.#leaves[index];
    this.#size++;
    if (leaf === undefined) {
      this.#leaves.push([{ start, end, since }]);
      return;
    }
    leaf.splice(firstEndingAfter(leaf, start), 0, { start, end, since });
    this.#splitLong(index);
  }

  /** `range` turns private: `ended` hears of what of it was shared, ascending. */
  remove(range: PageRange, ended: OnRange): void {
    const joined = new Joined(ended);
    let index = this.#leafEndingAfter(range.start, false);
    for (let leaf = this.#leaves[index]; leaf !== undefined; leaf = this.#leaves[index]) {
      const from = firstEndingAfter(leaf, range.start);
      const rest: SharedRange[] = [];
      let to = from;
      for (let kept = leaf[to]; kept !== undefined && kept.start < range.end; kept = leaf[++to]) {
        const [start, end] = [Math.max(kept.start, range.start), Math.min(kept.end, range.end)];
        if (kept.start < start) rest.push({ ...kept, end: start });
        if (end < kept.end) rest.push({ ...kept, start: end });
        joined.add({ start, end, since: kept.since });
      }
      if (to === from) break;
      leaf.splice(from, to - from, ...rest);
      this.#size += rest.length - (to - from);
      if (leaf.length === 0) this.#leaves.splice(index, 1);
      else index = this.#splitLong(index);
    }
    joined.end();
  }

  /** `visit` hears of all that is shared, ascending. */
  forEach(visit: OnRange): void {
    const joined = new Joined(visit);
    for (const leaf of this.#leaves) for (const range of leaf) joined.add(range);
    joined.end();
  }

  /** The first leaf with a range that ends after `page`; for an insertion the last one, where there is none. */
  #leafEndingAfter(page: number, orLast: boolean): number {
    let low = 0;
    let high = this.#leaves.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#leaves[middle]?.at(-1)?.end ?? 0) > page) high = middle;
      else low = middle + 1;
    }
    return orLast && low === this.#leaves.length ? low - 1 : low;
  }

  /** @returns the index of the leaf behind it */
  #splitLong(index: number): number {
    const leaf = this.#leaves[index];
    if (leaf === undefined || leaf.length <= this.#maxLeaf) return index + 1;
    this.#leaves.splice(index + 1, 0, leaf.splice(leaf.length >>> 1));
    return index + 2;
  }
}

/** Joins what is adjacent and of the same moment. */
class Joined {
  readonly #visit: OnRange;
  #start = 0;
  #end = 0;
  #since = 0;

  constructor(visit: OnRange) {
    this.#visit = visit;
  }

  add({ start, end, since }: SharedRange): void {
    if (start !== this.#end || since !== this.#since) {
      this.end();
      this.#start = start;
      this.#since = since;
    }
    this.#end = end;
  }

  end(): void {
    if (this.#end > this.#start) this.#visit(this.#end - this.#start, this.#since);
    this.#start = this.#end;
  }
}

/** The index of the first range that ends after `page`. */
function firstEndingAfter(leaf: readonly SharedRange[], page: number): number {
  let low = 0;
  let high = leaf.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((leaf[middle]?.end ?? 0) > page) high = middle;
    else low = middle + 1;
  }
  return low;
}
