// The receiver behind one listener, as the contract asks it to be: it answers a repeated webhook-id as before, does nothing
// for what is at or below the highest settledThrough that it has processed, and maps and unmaps what it is told.
import type { DeliveryReason } from '../../src/core/records.ts';
import type { PageRange } from '../../src/core/section.ts';
import type { DeliveryType } from '../../src/listeners/delivery.ts';
import { count, fill, type Pages } from './pages.ts';

/** One delivery as it is on the wire. It can arrive when the service has long given it up. */
export interface Copy {
  readonly webhookId: string;
  readonly ramBlockId: string;
  readonly listenerId: string;
  readonly url: string;
  readonly type: DeliveryType;
  readonly reason: DeliveryReason;
  readonly sequence: number;
  readonly settledThrough: number;
  readonly runs: readonly PageRange[];
  readonly mode: 'sync' | 'async';
}

/** What a device does with a delivery that is new to it. */
export interface Verdict {
  readonly status: number;
  /** How much of it is done: a device that refuses may have mapped all, a part or nothing. */
  readonly acts: 'all' | 'half' | 'nothing';
}

export class Receiver {
  readonly mapped: Pages;
  /** What is wrong with what it was told. */
  readonly wrong: string[] = [];
  readonly #answers = new Map<string, number>();
  #settledThrough = 0;

  readonly mode: Copy['mode'];

  /** @param pages that the block may have */
  constructor(pages: number, mode: Copy['mode']) {
    this.mode = mode;
    this.mapped = new Uint8Array(pages);
  }

  /** Whether it would still do something for `copy`. */
  wouldAct({ webhookId, sequence }: Copy): boolean {
    return !this.#answers.has(webhookId) && sequence > this.#settledThrough;
  }

  /** @param decide asked for what is new @returns the status, and what kind of copy it was */
  receive(copy: Copy, decide: () => Verdict): { readonly status: number; readonly was: 'new' | 'repeated' | 'fenced' } {
    const before = this.#answers.get(copy.webhookId);
    if (before !== undefined) return { status: before, was: 'repeated' };
    if (copy.sequence <= this.#settledThrough) return { status: 409, was: 'fenced' };
    const { status, acts } = decide();
    this.#settledThrough = Math.max(this.#settledThrough, copy.settledThrough);
    if (acts !== 'nothing')
      this.#act(copy, acts === 'half' ? copy.runs.slice(0, Math.ceil(copy.runs.length / 2)) : copy.runs);
    // A failure is no answer: asked again, it says that it is done, or does it then.
    if (status < 500 || acts === 'all') this.#answers.set(copy.webhookId, status < 500 ? status : 200);
    return { status, was: 'new' };
  }

  #act({ type, mode, sequence }: Copy, runs: readonly PageRange[]): void {
    const isTwice =
      type === 'populate' && mode === 'sync' && runs.some(({ start, end }) => count(this.mapped, start, end) > 0);
    // VFIO answers EEXIST. (A mirror takes it as nothing to do.)
    if (isTwice) this.wrong.push(`maps pages twice, by delivery ${sequence}`);
    fill(this.mapped, runs, type === 'populate' ? 1 : 0);
  }
}
