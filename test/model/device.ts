// A device behind a listener, as the contract asks it to be: it maps and unmaps what it is told, and does nothing for a
// delivery that is at or below the highest settledThrough that it has processed.
import type { DeliveryReason } from '../../src/core/records.ts';

/** One delivery as it is on the wire. It can arrive when the service has long given it up. */
export interface Copy {
  readonly listenerId: string;
  readonly type: 'populate' | 'discard';
  readonly reason: DeliveryReason;
  readonly sequence: number;
  readonly settledThrough: number;
  readonly pages: readonly number[];
}

export class Device {
  readonly mapped = new Set<number>();
  #settledThrough = 0;

  /** The highest settledThrough that it has processed. */
  get settledThrough(): number {
    return this.#settledThrough;
  }

  isFenced({ sequence }: Copy): boolean {
    return sequence <= this.#settledThrough;
  }

  /** @throws Error when it is told to map what it has mapped, which VFIO answers with EEXIST */
  process(copy: Copy): void {
    if (this.isFenced(copy)) return;
    this.#settledThrough = Math.max(this.#settledThrough, copy.settledThrough);
    for (const page of copy.pages) {
      if (copy.type === 'discard') this.mapped.delete(page);
      else if (this.mapped.has(page)) throw new Error(`page ${page} is mapped twice, by delivery ${copy.sequence}`);
      else this.mapped.add(page);
    }
  }
}
