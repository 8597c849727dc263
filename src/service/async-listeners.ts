// The async listeners of one block. Nobody waits for them: they are told beside the block's queue, each at its own pace.
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import { AsyncListener, type NotifiedBlock, POSITION_EVERY, type SendingDependencies } from './async-listener.ts';

export class AsyncListeners {
  readonly #live: NotifiedBlock;
  readonly #dependencies: SendingDependencies;
  readonly #stopped = new AbortController();
  readonly #byId = new Map<string, AsyncListener>();

  constructor(live: NotifiedBlock, dependencies: SendingDependencies) {
    this.#live = live;
    this.#dependencies = dependencies;
    for (const listener of live.block.manager.listeners.values()) {
      const { backlog } = listener;
      // Before a restart, deliveries beyond the durable position may have been sent: their numbers are taken.
      if (backlog !== null) listener.lastSequence = Math.min(backlog.last, backlog.acknowledged + POSITION_EVERY);
    }
  }

  /** Listeners that anything is kept of here. */
  get size(): number {
    return this.#byId.size;
  }

  /** Starts to send to every listener that is owed something. */
  wake(): void {
    if (this.#stopped.signal.aborted || !this.#live.block.manager.hasAsync) return;
    for (const listener of this.#live.block.manager.listeners.values()) {
      if (listener.backlog !== null) this.of(listener).wake();
    }
  }

  /** @throws Error when the listener is sync */
  of(listener: RamDiscardListener): AsyncListener {
    const known = this.#byId.get(listener.id);
    if (known !== undefined) return known;
    if (listener.backlog === null) throw new Error(`listener ${listener.id} is not async`);
    const made = new AsyncListener(this.#live, listener, listener.backlog, this.#dependencies, {
      stopped: this.#stopped,
      forget: () => this.#byId.delete(listener.id),
    });
    this.#byId.set(listener.id, made);
    return made;
  }

  /** The listener is gone: breaks off what is being sent to it. */
  abandon(listener: RamDiscardListener): void {
    this.#byId.get(listener.id)?.abandon();
  }

  /** Resolves when nothing is being done for `listener` any more, and after `limitMs` in any case. */
  async ended(listener: RamDiscardListener, limitMs: number): Promise<void> {
    await this.#byId.get(listener.id)?.ended(limitMs);
  }

  /** Breaks off what is under way; resolves when nothing is, and how far it came is durable where that can be. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    const all = [...this.#byId.values()];
    await Promise.all(all.map((listener) => listener.interrupt()));
    // A journal that failed keeps nothing: what was accepted since the last position is sent again after a restart.
    await Promise.allSettled(all.map((listener) => listener.keep()));
  }
}
