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
/** Bytes that the attempts of all listeners may take. */
const LIMIT = 32 * 2 ** 20;
/** Bytes of an attempt without its excerpt; two for each character of that. */
const ATTEMPT_BYTES = 400;

/** A share of what is kept. */
interface Generation {
  /** Goes with the listener. */
  readonly kept: WeakMap<DeliveredListener, Kept[]>;
  bytes: number;
}

/**
 * Keeps the last 1000 attempts of each listener, and fewer where all together take more than `limit` bytes: of all
 * listeners the oldest half goes then.
 */
export class DeliveryLog {
  readonly #limit: number;
  #older: Generation = newGeneration();
  #newer: Generation = newGeneration();
  #lastOrdinal = 0;

  /** @param limit bytes of all attempts that are kept */
  constructor(limit = LIMIT) {
    this.#limit = limit;
  }

  /** Bytes of all that is kept, listeners that are gone included. */
  get bytes(): number {
    return this.#older.bytes + this.#newer.bytes;
  }

  add(listener: DeliveredListener, attempt: Attempt): void {
    const generation = this.#newer;
    let kept = generation.kept.get(listener);
    if (kept === undefined) {
      kept = [];
      generation.kept.set(listener, kept);
    }
    kept.push({ ordinal: ++this.#lastOrdinal, attempt });
    generation.bytes += bytesOf(attempt);
    // Cut in steps, so that a full log is not moved with every attempt.
    if (kept.length >= 2 * KEPT) {
      for (const cut of kept.splice(0, KEPT)) generation.bytes -= bytesOf(cut.attempt);
    }
    if (generation.bytes <= this.#limit / 2) return;
    this.#older = generation;
    this.#newer = newGeneration();
  }

  /** At most `limit` attempts with an ordinal below `before`, newest first. */
  list(listener: DeliveredListener, before: number, limit: number): readonly Kept[] {
    const all = [...(this.#older.kept.get(listener) ?? []), ...(this.#newer.kept.get(listener) ?? [])];
    const newestFirst = all.slice(-KEPT).toReversed();
    return newestFirst.filter(({ ordinal }) => ordinal < before).slice(0, limit);
  }
}

function newGeneration(): Generation {
  return { kept: new WeakMap(), bytes: 0 };
}

function bytesOf({ responseExcerpt }: Attempt): number {
  return ATTEMPT_BYTES + 2 * responseExcerpt.length;
}
