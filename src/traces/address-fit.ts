// The RAM blocks that fit the addresses of a trace, found in one pass over it: what lies close together becomes one block,
// a large gap, such as the PCI hole below 4 GiB, ends it. Memory is bounded however the addresses are scattered.
import { MAX_BLOCK_BYTES, MAX_BYTES } from '../limits.ts';
import type { AddressRange } from './block-map.ts';

/** Bytes without a conversion that end a block. Smaller than any PCI hole, larger than what a guest leaves untouched. */
export const GAP_BYTES = 256 * 1024 ** 2;
/** Blocks begin and end on huge pages, so that a listener of that granularity sees the guest's own huge pages. */
export const FIT_ALIGNMENT = 2 * 1024 ** 2;
/** A sparse trace is not worth more blocks than a machine has; the closest ones become one. */
export const MAX_BLOCKS = 16;

const MAX_KEPT = 4096;

interface Span {
  start: number;
  end: number;
}

export class AddressFit {
  /** Ascending, with a gap between any two. */
  readonly #spans: Span[] = [];
  #last: Span = { start: 0, end: 0 };

  /** Takes a range into account: bytes, `gpa + size` at most 2^53-1. */
  add(gpa: number, size: number): void {
    const end = gpa + size;
    if (gpa >= this.#last.start && end <= this.#last.end) return;
    const spans = this.#spans;
    const first = this.#firstNear(gpa);
    const merged = { start: gpa, end };
    let behind = first;
    for (let span = spans[behind]; span !== undefined && span.start - merged.end < GAP_BYTES; span = spans[++behind]) {
      merged.start = Math.min(merged.start, span.start);
      merged.end = Math.max(merged.end, span.end);
    }
    spans.splice(first, behind - first, merged);
    this.#last = merged;
    if (spans.length > MAX_KEPT) {
      mergeClosest(spans);
      this.#last = { start: 0, end: 0 };
    }
  }

  /** The blocks: ascending, apart, aligned, none above the service's limit. */
  blocks(): AddressRange[] {
    const spans = this.#spans.map((span) => ({ ...span }));
    while (spans.length > MAX_BLOCKS) mergeClosest(spans);
    return spans.flatMap((span) => {
      const start = span.start - (span.start % FIT_ALIGNMENT);
      const end = fitEnd(span.end);
      const blocks: AddressRange[] = [];
      for (let gpa = start; gpa < end; gpa += MAX_BLOCK_BYTES) {
        blocks.push({ gpa, size: Math.min(MAX_BLOCK_BYTES, end - gpa) });
      }
      return blocks;
    });
  }

  /** The index of the first span that a range from `start` on can touch or come near. */
  #firstNear(start: number): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const span = this.#spans[middle];
      if (span !== undefined && start - span.end >= GAP_BYTES) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** `end` (bytes) moved up to the alignment of fitted blocks, where there is an aligned number below 2^53. */
export function fitEnd(end: number): number {
  const aligned = Math.ceil(end / FIT_ALIGNMENT) * FIT_ALIGNMENT;
  return aligned > MAX_BYTES ? end : aligned;
}

/** Makes one of the two spans with the smallest gap between them. */
function mergeClosest(spans: Span[]): void {
  let closest = 1;
  let smallest = Number.POSITIVE_INFINITY;
  for (let index = 1; index < spans.length; index++) {
    const gap = (spans[index]?.start ?? 0) - (spans[index - 1]?.end ?? 0);
    if (gap >= smallest) continue;
    smallest = gap;
    closest = index;
  }
  const [before, after] = spans.slice(closest - 1, closest + 1);
  if (before !== undefined && after !== undefined) {
    spans.splice(closest - 1, 2, { start: before.start, end: after.end });
  }
}
