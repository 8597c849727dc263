// A device behind a listener, as the contract asks it to be: it maps and unmaps what it is told, answers a repeated
// webhook-id as before without acting, and does nothing for a delivery that is at or below the highest settledThrough
// that it has processed.
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

export type DeviceAnswer = 'accepted' | 'refused';

export class Device {
  readonly mapped = new Set<number>();
  /** How it answered each sequence that it was sent, which is all that tells one webhook-id from another. */
  readonly #answers = new Map<number, DeviceAnswer>();
  #settledThrough = 0;

  /** The highest settledThrough that it has processed. */
  get settledThrough(): number {
    return this.#settledThrough;
  }

  isFenced({ sequence }: Copy): boolean {
    return sequence <= this.#settledThrough;
  }

  /** Returns its answer to an earlier delivery of the same webhook-id: it gives that again. */
  earlierAnswer({ sequence }: Copy): DeviceAnswer | undefined {
    return this.#answers.get(sequence);
  }

  noteAnswer({ sequence }: Copy, answer: DeviceAnswer): void {
    this.#answers.set(sequence, answer);
  }

  /** Whether it does nothing for it, for good. */
  ignores(copy: Copy): boolean {
    return this.isFenced(copy) || this.#answers.has(copy.sequence);
  }

  /** @throws Error when it is told to map what it has mapped, which VFIO answers with EEXIST */
  process(copy: Copy): void {
    if (this.ignores(copy)) return;
    this.#settledThrough = Math.max(this.#settledThrough, copy.settledThrough);
    for (const page of copy.pages) {
      if (copy.type === 'discard') this.mapped.delete(page);
      else if (this.mapped.has(page)) throw new Error(`page ${page} is mapped twice, by delivery ${copy.sequence}`);
      else this.mapped.add(page);
    }
  }
}
