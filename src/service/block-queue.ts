// The queue of one RAM block: what changes the same pages is done one after the other, in the order of arrival; changes of
// different pages may be under way at once. Bounded in length and in waiting time, so that whoever is turned away is
// certain that nothing happened.
import type { PageRange } from '../core/section.ts';
import { Problem } from '../errors.ts';

export interface QueueLimits {
  /** Changes that may wait (RBA_BLOCK_QUEUE_LIMIT). */
  readonly length: number;
  /** Milliseconds that a change may wait (RBA_QUEUE_WAIT_MS). */
  readonly waitMs: number;
}

/** What of a block a change needs for itself: some pages, or (null) all that there is of it. */
export type Lock = PageRange | null;

interface Entry {
  /** Asked when its turn may have come; what it needs can have changed by then. */
  readonly lock: () => Lock;
  readonly start: (lock: Lock) => void;
  readonly turnAway: (reason: Problem) => void;
}

/** Changes that may be under way at once. */
const MOST_RUNNING = 256;
/** Changes, running and waiting, that one is compared with before it may overtake. */
const LOOKED_AT = 512;

export class BlockQueue {
  readonly #limits: QueueLimits;
  #waiting = new Set<Entry>();
  /** What those that are under way need, in no order. */
  readonly #running: Lock[] = [];
  #closed: Problem | null = null;
  #isLooking = false;
  #isStale = false;
  /** There while somebody waits for the end of what has begun. */
  #idle: PromiseWithResolvers<void> | null = null;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** How many changes wait. */
  get length(): number {
    return this.#waiting.size;
  }

  /**
   * Runs `task` when all that arrived before is done, but for what needs other pages. Once begun it is never cut off.
   * @param lock what it needs @param gone asked for where the task has to wait: drops it while it does
   * @throws Problem `overloaded` when the queue is full or the task waited too long: it was not run
   */
  run<T>(task: () => Promise<T>, gone?: () => AbortSignal, lock: () => Lock = everything): Promise<T> {
    if (this.#waiting.size >= this.#limits.length) {
      const detail = `${this.#waiting.size} changes of this block wait already, the limit is ${this.#limits.length} (RBA_BLOCK_QUEUE_LIMIT)`;
      return Promise.reject(overloaded(detail));
    }
    return this.#enter(task, this.#limits.waitMs, lock, gone);
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
      this.run(turn, () => signal).catch(reject);
    });
  }

  /** As {@link BlockQueue.run}, for what the service itself owes: neither limit applies. */
  runOwed<T>(task: () => Promise<T>): Promise<T> {
    return this.#enter(task, null, everything);
  }

  /** As {@link BlockQueue.runOwed}, before all that waits. */
  runFirst<T>(task: () => Promise<T>): Promise<T> {
    return this.#enter(task, null, everything, undefined, true);
  }

  /** Turns away what waits and what comes; resolves when what has begun is done. */
  close(reason: Problem): Promise<void> {
    this.#closed = reason;
    for (const entry of this.#waiting) entry.turnAway(reason);
    this.#idle ??= Promise.withResolvers<void>();
    this.#next();
    return this.#idle.promise;
  }

  #enter<T>(
    task: () => Promise<T>,
    waitMs: number | null,
    lock: () => Lock,
    gone?: () => AbortSignal,
    isFirst = false,
  ): Promise<T> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    if ((this.#waiting.size === 0 || isFirst) && this.#running.length < MOST_RUNNING) {
      const held = lock();
      if (!this.#isHeld(held)) return this.#run(task, held);
    }
    const signal = gone?.();
    if (signal?.aborted) return Promise.reject(clientGone());
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const leave = (): void => {
        this.#waiting.delete(entry);
        clearTimeout(timer);
        signal?.removeEventListener('abort', leaveUndone);
      };
      const entry: Entry = {
        lock,
        start: (held) => {
          leave();
          this.#run(task, held).then(resolve, reject);
        },
        turnAway: (reason) => {
          leave();
          reject(reason);
          // It may have been what others waited for.
          this.#next();
        },
      };
      const leaveUndone = (): void => entry.turnAway(clientGone());
      this.#waiting = isFirst ? new Set([entry, ...this.#waiting]) : this.#waiting.add(entry);
      this.#next();
      if (!this.#waiting.has(entry)) return;
      if (waitMs !== null) timer = setTimeout(() => entry.turnAway(waitedTooLong(waitMs)), waitMs);
      signal?.addEventListener('abort', leaveUndone, { once: true });
    });
  }

  #run<T>(task: () => Promise<T>, lock: Lock): Promise<T> {
    this.#running.push(lock);
    return begun(task).then(
      (result) => {
        this.#leave(lock);
        return result;
      },
      (error: unknown) => {
        this.#leave(lock);
        throw error;
      },
    );
  }

  /** What ran with `lock` is done. */
  #leave(lock: Lock): void {
    const last = this.#running.pop() as Lock;
    if (last !== lock) this.#running[this.#running.indexOf(lock)] = last;
    this.#next();
  }

  /** Whether something that runs needs any of it. */
  #isHeld(lock: Lock): boolean {
    return this.#running.some((other) => isShared(lock, other));
  }

  /** Starts whatever may start: in the order of arrival, and nothing before what it shares pages with. */
  #next(): void {
    if (this.#waiting.size > 0) this.#startAll();
    if (this.#idle !== null && this.#running.length === 0 && this.#waiting.size === 0) this.#idle.resolve();
  }

  #startAll(): void {
    // What is started may come back here at once: it is looked at again then, from the beginning.
    this.#isStale = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    while (this.#isStale) {
      this.#isStale = false;
      this.#startFirst();
    }
    this.#isLooking = false;
  }

  /** Starts the first that may, and sees to it that the next is looked for. */
  #startFirst(): void {
    if (this.#closed !== null || this.#running.length >= MOST_RUNNING) return;
    const ahead = [...this.#running];
    for (const entry of this.#waiting) {
      const lock = entry.lock();
      if (!ahead.some((other) => isShared(lock, other))) {
        this.#isStale = true;
        entry.start(lock);
        return;
      }
      // Nothing passes by what needs everything.
      if (lock === null || ahead.push(lock) > LOOKED_AT) return;
    }
  }
}

const everything = (): Lock => null;

/** What `task` comes to, also where it fails before it waits for anything. (Promise.try makes more promises of it.) */
function begun<T>(task: () => Promise<T>): Promise<T> {
  try {
    return task();
  } catch (error) {
    return Promise.reject(error);
  }
}

function isShared(a: Lock, b: Lock): boolean {
  return a === null || b === null || (a.start < b.end && b.start < a.end);
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
