// What the pages of a cell are: shared (and so populated), private, or discarded by another source than
// RamBlockAttributes, such as virtio-mem. Made of the counts that GET .../density gives of the block and of its sources.

export interface CellCounts {
  readonly pages: number;
  /** Populated: every source says so. */
  readonly shared: number;
  /** Discarded by a source beside RamBlockAttributes. */
  readonly discarded: number;
  readonly private: number;
  /** Whether `discarded` is known; else it is at least so many, and `private` at most. */
  readonly isExact: boolean;
}

/** Of the pages of one cell, how many are populated. */
export interface SourceCounts {
  readonly pages: number;
  /** In all sources. */
  readonly populated: number;
  /** In RamBlockAttributes; null on a block without. */
  readonly attributes: number | null;
  /** In each other source. */
  readonly others: readonly number[];
}

export function cellCounts({ pages, populated, attributes, others }: SourceCounts): CellCounts {
  if (attributes === null) {
    return { pages, shared: populated, discarded: pages - populated, private: 0, isExact: true };
  }
  // How many pages all others have populated lies between these, and in a cell of one page they are the same.
  const most = Math.min(...others, populated + pages - attributes, pages);
  const least = Math.max(
    populated,
    others.reduce((sum, count) => sum + count - pages, pages),
  );
  const inOthers = Math.max(populated, most);
  return {
    pages,
    shared: populated,
    discarded: pages - inOthers,
    private: inOthers - populated,
    isExact: least >= most,
  };
}

/** Pixels of a bar, by state. */
export interface Bar {
  readonly shared: number;
  readonly discarded: number;
  readonly private: number;
}

/**
 * A bar of `height` pixels in the proportions of `counts`. What is there is seen, be it ever so little: each state that
 * there is has a fifth of the bar at least, and the largest gives it up.
 */
export function barOf({ pages, shared, discarded, private: hidden }: CellCounts, height: number): Bar {
  const least = Math.max(1, Math.ceil(height / 5));
  const pixels = (count: number): number => {
    return count === 0 ? 0 : Math.max(least, Math.round((count / pages) * height));
  };
  const bar = { shared: pixels(shared), discarded: pixels(discarded), private: pixels(hidden) };
  let surplus = bar.shared + bar.discarded + bar.private - height;
  while (surplus !== 0) {
    const largest = (['private', 'shared', 'discarded'] as const).reduce((a, b) => (bar[b] > bar[a] ? b : a));
    bar[largest] -= Math.sign(surplus);
    surplus -= Math.sign(surplus);
  }
  return bar;
}

/** One word or two for what a cell holds. */
export function stateOf({ pages, shared, discarded, private: hidden }: CellCounts): string {
  if (shared === pages) return 'shared';
  if (hidden === pages) return 'private';
  if (discarded === pages) return 'discarded by another source';
  return 'mixture';
}
