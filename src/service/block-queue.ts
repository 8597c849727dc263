// The queue of one RAM block: everything that changes the block is done one after the other, in the order of arrival.
// Bounded in length and in waiting time, so that whoever is turned away is certain that nothing happened.
import { Problem } from '../errors.ts';

export interface QueueLimits {
  /** Changes that may wait (RBA_BLOCK_QUEUE_LIMIT). */
  readonly length: number;
  /** Milliseconds that a change may wait (RBA_QUEUE_WAIT_MS). */
  readonly waitMs: number;
}

interface Entry {
  readonly start: () => void;
  readonly turnAway: (reason: Problem) => void;
}

export class BlockQueue {
  readonly #limits: QueueLimits;
  readonly #waiting = new Set<Entry>();
  #running = false;
  #closed: Problem | null = null;
  #idle = Promise.withResolvers<void>();

  constructor(limits: QueueLimits) {
    this.#limits = limits;
    this.#idle.resolve();
  }

  /** How many changes wait. */
  get length(): number {
    return this.#waiting.size;
  }

  /**
   * Runs `task` when all that arrived before is done. Once begun it is never cut off.
   * @param signal drops the task while it waits, for example because the client has gone
   * @throws Problem `overloaded` when the queue is full or the task waited too long: it was not run
   */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#waiting.size >= this.#limits.length) {
      const detail = `${this.#waiting.size} changes of this block wait already, the limit is ${this.#limits.length} (RBA_BLOCK_QUEUE_LIMIT)`;
      return Promise.reject(overloaded(detail));
    }
    return this.#enter(task, this.#limits.waitMs, signal);
  }

  /**
   * Runs `task` when its turn in all `queues` has come. They are entered in one step: tasks that share queues come in the
   * same order in each, so that they cannot wait for each other. @throws as {@link BlockQueue.run}
   */
  static async runInAll<T>(queues: readonly BlockQueue[], task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const giveUp = new AbortController();
    const either = signal === undefined ? giveUp.signal : AbortSignal.any([signal, giveUp.signal]);
    let reason: unknown = null;
    const turns = queues.map((queue) =>
      queue.#hold(either).catch((error: unknown) => {
        // Turned away here, it is no use to wait there.
        reason ??= error;
        giveUp.abort();
        return null;
      }),
    );
    const releases = await Promise.all(turns);
    try {
      if (reason !== null) throw reason;
      return await task();
    } finally {
      for (const release of releases) release?.();
    }
  }

  /** Waits for a turn and keeps it. @returns what ends it */
  #hold(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const turn = (): Promise<void> => {
        const { promise, resolve: release } = Promise.withResolvers<void>();
        resolve(release);
        return promise;
      };
      this.run(turn, signal).catch(reject);
    });
  }

  /** As {@link BlockQueue.run}, for what the service itself owes: neither limit applies. */
  runOwed<T>(task: () => Promise<T>): Promise<T> {
    return this.#enter(task, null);
  }

  /** Turns away what waits and what comes; resolves when what has begun is done. */
  close(reason: Problem): Promise<void> {
    this.#closed = reason;
    for (const entry of this.#waiting) entry.turnAway(reason);
    return this.#idle.promise;
  }

  #enter<T>(task: () => Promise<T>, waitMs: number | null, signal?: AbortSignal): Promise<T> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(clientGone());
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(entry);
        clearTimeout(timer);
        signal?.removeEventListener('abort', gone);
      };
      const entry: Entry = {
        start: () => {
          leave();
          void task()
            .then(resolve, reject)
            .finally(() => this.#next());
        },
        turnAway: (reason) => {
          leave();
          reject(reason);
        },
      };
      const gone = (): void => entry.turnAway(clientGone());
      const timer = waitMs === null ? undefined : setTimeout(() => entry.turnAway(waitedTooLong(waitMs)), waitMs);
      signal?.addEventListener('abort', gone, { once: true });
      this.#waiting.add(entry);
      if (!this.#running) {
        this.#running = true;
        this.#idle = Promise.withResolvers<void>();
        this.#next();
      }
    });
  }

  #next(): void {
    const [entry] = this.#waiting;
    if (entry !== undefined) {
      entry.start();
      return;
    }
    this.#running = false;
    this.#idle.resolve();
  }
}

function overloaded(detail: string): Problem {
  return new Problem('overloaded', detail, { retryAfterSeconds: 1 });
}

function waitedTooLong(waitMs: number): Problem {
  return overloaded(`waited ${waitMs} ms for the changes before it, the limit (RBA_QUEUE_WAIT_MS); nothing was done`);
}

function clientGone(): Problem {
  return overloaded('the client went away while the change was waiting; nothing was done');
}
