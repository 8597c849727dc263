// What the service needs from outside, passed in once: no clock, id, log or setting is imported anywhere in service/.
import type { FastifyBaseLogger } from 'fastify';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { Call } from '../core/rounds.ts';
import type { Journal } from '../journal/journal.ts';
import type { AttemptOnce, Deliver } from '../listeners/delivery.ts';
import type { QueueLimits } from './block-queue.ts';
import type { Events } from './events.ts';

/** How async listeners are sent to. */
export interface AsyncSettings {
  /** Milliseconds between attempts; the last is repeated (RBA_ASYNC_RETRY_SCHEDULE). */
  readonly retrySchedule: readonly number[];
  /** Pending deliveries; more become one replay (RBA_ASYNC_BACKLOG_LIMIT). */
  readonly backlogLimit: number;
  /** Runs of pages that these may have together; more become one replay (RBA_ASYNC_BACKLOG_RUNS). */
  readonly backlogRuns: number;
  /** Milliseconds of nothing but failures until a listener is disabled (RBA_ASYNC_DISABLE_AFTER). */
  readonly disableAfter: number;
}

export interface Dependencies {
  readonly openJournal: () => Promise<Journal>;
  readonly deliver: Deliver;
  readonly attemptOnce: AttemptOnce;
  readonly asyncSettings: AsyncSettings;
  readonly events: Events;
  /** @throws Problem `target-not-allowed`, `invalid-request` when a listener may not have this URL */
  readonly checkTarget: (url: string) => Promise<void>;
  /** A new secret for a listener that brought none. */
  readonly newSecret: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds since some moment, on a clock that nobody sets. */
  readonly elapsed: () => number;
  /** A random number from 0 to below 1: spreads retries. */
  readonly random: () => number;
  /** A new opaque id that starts with `prefix`. */
  readonly newId: (prefix: string) => string;
  readonly log: FastifyBaseLogger;
  readonly queueLimits: QueueLimits;
  /** Milliseconds that the journal may take to answer before the service is not ready (RBA_JOURNAL_WAIT_MS). */
  readonly journalWaitMs: number;
  /** Runs of pages that one change may turn and tell of (RBA_CHANGE_RUNS_LIMIT). */
  readonly changeRunsLimit: number;
  /** Returns how many sequences an intent reserves for telling `listener` of `calls`. */
  readonly deliveriesToReserve: (listener: RamDiscardListener, calls: readonly Call[]) => number;
  /** Records of a block between two of its snapshots, at least. */
  readonly snapshotEvery: number;
}
