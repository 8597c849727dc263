// What a process has in mind and has not written down: which tasks wait in the queue of each block, in which order, and
// what has happened to the one that runs. Seen from outside, by what was the cause of each.
import { BlockQueue, type Lock } from '../../src/service/block-queue.ts';

interface Seen {
  readonly waiting: string[];
  /** Those of different pages run at once. */
  readonly running: string[];
  /** Appends that became durable since the first of them runs, in order; answers to their deliveries, in any order. */
  appends: string[];
  answers: string[];
}

export class QueueWatch {
  #seen = new WeakMap<BlockQueue, Seen>();
  readonly #original = { run: BlockQueue.prototype.run, runOwed: BlockQueue.prototype.runOwed };
  /** The last step that was taken: whatever begins now begins because of it. */
  cause = '';

  /** Watches all queues of this process from now on. */
  install(): void {
    const { run, runOwed } = this.#original;
    const watch = this;
    BlockQueue.prototype.run = function watched<T>(
      this: BlockQueue,
      task: () => Promise<T>,
      gone?: () => AbortSignal,
      lock?: () => Lock,
    ) {
      return watch.#enter(this, task, (seen) => run.call(this, seen, gone, lock) as Promise<T>);
    };
    BlockQueue.prototype.runOwed = function watched<T>(this: BlockQueue, task: () => Promise<T>) {
      return watch.#enter(this, task, (seen) => runOwed.call(this, seen) as Promise<T>);
    };
  }

  restore(): void {
    Object.assign(BlockQueue.prototype, this.#original);
  }

  /** All that is known of one queue, as text. */
  show(queue: BlockQueue): object {
    const { waiting, running, appends, answers } = this.#of(queue);
    return [waiting, running, appends, answers.toSorted()];
  }

  noteAppend(queue: BlockQueue, what: string): void {
    this.#of(queue).appends.push(what);
  }

  noteAnswer(queue: BlockQueue, what: string): void {
    this.#of(queue).answers.push(what);
  }

  #of(queue: BlockQueue): Seen {
    let seen = this.#seen.get(queue);
    if (seen === undefined) {
      seen = { waiting: [], running: [], appends: [], answers: [] };
      this.#seen.set(queue, seen);
    }
    return seen;
  }

  #enter<T>(queue: BlockQueue, task: () => Promise<T>, enter: (task: () => Promise<T>) => Promise<T>): Promise<T> {
    const seen = this.#of(queue);
    const { cause } = this;
    seen.waiting.push(cause);
    let isWaiting = true;
    const leave = (): void => {
      if (isWaiting) seen.waiting.splice(seen.waiting.indexOf(cause), 1);
      isWaiting = false;
    };
    const result = enter(() => {
      leave();
      seen.running.push(cause);
      const done = task();
      const end = (): void => {
        seen.running.splice(seen.running.indexOf(cause), 1);
        // Whose they were is not told apart: states that differ in it are not taken for one.
        if (seen.running.length === 0) Object.assign(seen, { appends: [], answers: [] });
      };
      done.then(end, end);
      return done;
    });
    result.catch(leave);
    return result;
  }
}
