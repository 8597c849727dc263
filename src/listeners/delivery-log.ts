// The last attempts of every listener, for people who ask why a delivery failed. Best effort: in memory, and bounded.
import type { DeliveryReason } from '../core/records.ts';
import type { DeliveredListener, WebhookType } from './delivery.ts';

/** One attempt to send a delivery. */
export interface Attempt {
  readonly id: string;
  readonly sequence: number;
  readonly type: WebhookType;
  readonly reason: DeliveryReason;
  /** From 1. */
  readonly attempt: number;
  /** HTTP status; null without an answer. */
  readonly status: number | null;
  readonly outcome: 'accepted' | 'refused' | 'unanswered';
  readonly durationMs: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The beginning of the answer, or what went wrong. */
  readonly responseExcerpt: string;
}

interface Kept {
  /** Counts up, so that a page can be continued. */
  readonly ordinal: number;
  readonly attempt: Attempt;
}

/** Attempts that are kept of each listener. */
const KEPT = 1000;

export class DeliveryLog {
  /** Goes with the listener. */
  readonly #kept = new WeakMap<DeliveredListener, Kept[]>();
  #lastOrdinal = 0;

  add(listener: DeliveredListener, attempt: Attempt): void {
    let kept = this.#kept.get(listener);
    if (kept === undefined) {
      kept = [];
      this.#kept.set(listener, kept);
    }
    kept.push({ ordinal: ++this.#lastOrdinal, attempt });
    // Cut in steps, so that a full log is not moved with every attempt.
    if (kept.length >= 2 * KEPT) kept.splice(0, KEPT);
  }

  /** At most `limit` attempts with an ordinal below `before`, newest first. */
  list(listener: DeliveredListener, before: number, limit: number): readonly Kept[] {
    const newestFirst = (this.#kept.get(listener) ?? []).slice(-KEPT).toReversed();
    return newestFirst.filter(({ ordinal }) => ordinal < before).slice(0, limit);
  }
}
