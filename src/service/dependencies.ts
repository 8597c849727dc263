// What the service needs from outside, passed in once: no clock, id, log or setting is imported anywhere in service/.
import type { FastifyBaseLogger } from 'fastify';
import type { Journal } from '../journal/journal.ts';
import type { AttemptOnce, Deliver } from '../listeners/delivery.ts';
import type { AsyncSettings } from './async-deliveries.ts';
import type { QueueLimits } from './block-queue.ts';
import type { Events } from './events.ts';

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
  /** A new opaque id that starts with `prefix`. */
  readonly newId: (prefix: string) => string;
  readonly log: FastifyBaseLogger;
  readonly queueLimits: QueueLimits;
  /** Records of a block between two of its snapshots, at least. */
  readonly snapshotEvery: number;
}
