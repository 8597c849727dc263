// One async listener: sends what it is owed, in order, each delivery again and again until it is accepted. Its records
// concern nobody else.
import { setTimeout as delay } from 'node:timers/promises';
import type { Backlog, Pending } from '../core/backlog.ts';
import type { RamBlock } from '../core/ram-block.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type {
  ListenerPhaseChanged,
  ListenerPosition,
  ListenerRemoved,
  ListenerReplay,
  NewRecord,
} from '../core/records.ts';
import { isoTime } from '../iso-time.ts';
import type { Delivery, Judgement } from '../listeners/delivery.ts';
import type { Dependencies } from './dependencies.ts';

/** Deliveries, and milliseconds, after which the position of a listener is made durable. */
export const POSITION_EVERY = 100;
const POSITION_AFTER_MS = 100;
/** Share of a delay by which it is made longer or shorter, so that listeners are not called in step. */
const JITTER = 0.2;

type AsyncRecord = ListenerPosition | ListenerReplay | ListenerPhaseChanged | ListenerRemoved;

/** What sending needs of a live block. */
export interface NotifiedBlock {
  readonly block: RamBlock;
  commit(records: readonly NewRecord[]): Promise<void>;
}

export type SendingDependencies = Pick<
  Dependencies,
  'asyncSettings' | 'attemptOnce' | 'elapsed' | 'log' | 'now' | 'random'
>;

/** What the async listeners of a block share. */
interface Group {
  /** Nothing is sent any more once it aborts; a listener whose record cannot be kept aborts it for all. */
  readonly stopped: AbortController;
  /** The listener is gone, and nothing is under way for it. */
  readonly forget: () => void;
}

export class AsyncListener {
  readonly #live: NotifiedBlock;
  readonly #listener: RamDiscardListener;
  readonly #backlog: Backlog;
  readonly #dependencies: SendingDependencies;
  readonly #group: Group;
  /** Every delivery up to here was accepted; the backlog has how much of that is durable. */
  #accepted: number;
  #failingSince: string | null;
  /** Attempts that failed since one was accepted. */
  #failures = 0;
  /** When the next attempt is due, on the clock `elapsed`. */
  #due = 0;
  /** Breaks off the attempt that is under way; made anew once it has. */
  #attempt = new AbortController();
  /** Ends the wait for the next attempt. */
  #waiting: AbortController | null = null;
  /** There while anything is owed. */
  #running: Promise<void> | null = null;
  /** One task at a time: settles with the last of them. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Tasks that wait for their turn. */
  #queued = 0;
  #keeping: NodeJS.Timeout | undefined;
  /** The last delivery that was put together: while one is under way, it is the one after it. */
  #composed: { readonly pending: Pending; readonly delivery: Delivery } | null = null;

  constructor(
    live: NotifiedBlock,
    listener: RamDiscardListener,
    backlog: Backlog,
    dependencies: SendingDependencies,
    group: Group,
  ) {
    this.#live = live;
    this.#listener = listener;
    this.#backlog = backlog;
    this.#dependencies = dependencies;
    this.#group = group;
    this.#accepted = backlog.acknowledged;
    this.#failingSince = backlog.failingSince;
  }

  /** Starts to send what is owed, unless that is under way. */
  wake(): void {
    if (this.#isStopped || !this.#isOwed) return;
    if (this.#isTooFarBehind) this.#waiting?.abort();
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.#forgetIfGone();
      // More may have come to be owed since that was looked at last.
      this.wake();
    });
  }

  /** Sends what is owed now, without waiting for the retry schedule. */
  retry(): void {
    this.#due = 0;
    this.#waiting?.abort();
    this.wake();
  }

  /**
   * Runs `task` while nothing is being sent; what is under way is broken off, and how far the listener has come is durable
   * before.
   * @param task gets the last sequence that may have been sent, and the last that was accepted
   * @throws Problem `journal-unavailable`
   */
  between<T>(task: (sent: number, accepted: number) => Promise<T>): Promise<T> {
    this.#breakOff();
    this.#due = 0;
    return this.#exclusively(async () => {
      // The task may give up all that is pending, but what was accepted of that is mapped.
      await this.#keepPosition();
      const accepted = Math.max(this.#accepted, this.#backlog.acknowledged);
      const result = await task(this.#listener.lastSequence, accepted);
      this.#failures = 0;
      this.#failingSince = this.#backlog.failingSince;
      this.#forgetIfGone();
      return result;
    });
  }

  /** The listener is gone: breaks off what is being sent to it. */
  abandon(): void {
    this.#breakOff();
    this.#forgetIfGone();
  }

  /** Resolves when nothing is being done for it any more, and after `limitMs` in any case. */
  async ended(limitMs: number): Promise<void> {
    if (this.#running !== null) await Promise.race([this.#running, delay(limitMs, undefined, { ref: false })]);
  }

  /** Breaks off what is under way; resolves when nothing is. The group has stopped. */
  async interrupt(): Promise<void> {
    this.#breakOff();
    await this.#running;
  }

  /** Makes durable how far the listener has come. @throws Problem `journal-unavailable` */
  keep(): Promise<void> {
    return this.#exclusively(() => this.#keepPosition());
  }

  get #isStopped(): boolean {
    return this.#group.stopped.signal.aborted;
  }

  get #isThere(): boolean {
    const { deleted, manager } = this.#live.block;
    return !deleted && manager.listeners.get(this.#listener.id) === this.#listener;
  }

  get #isOwed(): boolean {
    if (!this.#isThere) return false;
    const { phase } = this.#listener;
    if (phase === 'removing') return true;
    const known = this.#backlog.size - Math.max(0, this.#accepted - this.#backlog.acknowledged);
    return phase === 'active' && known > 0;
  }

  /** Whether a replay takes the place of what is pending; what the last replay brought itself does not count. */
  get #isTooFarBehind(): boolean {
    if (this.#listener.phase !== 'active') return false;
    const { backlogLimit, backlogRuns } = this.#dependencies.asyncSettings;
    const { last, replayThrough, runsBehind } = this.#backlog;
    if (last - Math.max(this.#accepted, replayThrough) > backlogLimit) return true;
    // Counting what is accepted and not yet recorded takes a look at each of it.
    return runsBehind > backlogRuns && this.#runsBehind > backlogRuns;
  }

  get #runsBehind(): number {
    const { acknowledged, replayThrough, runsBehind } = this.#backlog;
    let runs = runsBehind;
    for (let sequence = Math.max(acknowledged, replayThrough); sequence < this.#accepted; ) {
      runs -= this.#backlog.at(++sequence)?.runs.length ?? 0;
    }
    return runs;
  }

  get #ids(): { readonly ramBlockId: string; readonly listenerId: string } {
    return { ramBlockId: this.#live.block.id, listenerId: this.#listener.id };
  }

  #breakOff(): void {
    this.#attempt.abort();
    this.#waiting?.abort();
  }

  #forgetIfGone(): void {
    if (this.#isThere || this.#running !== null) return;
    clearTimeout(this.#keeping);
    this.#group.forget();
  }

  #exclusively<T>(task: () => Promise<T>): Promise<T> {
    this.#queued++;
    const done = this.#turn.then(() => {
      this.#queued--;
      return task();
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isStopped && this.#isOwed) {
        await this.#exclusively(() => this.#steps());
        const wait = this.#due - this.#dependencies.elapsed();
        if (wait <= 0 || this.#isStopped) continue;
        this.#waiting = new AbortController();
        await delay(wait, undefined, { signal: this.#waiting.signal }).catch(() => undefined);
        this.#waiting = null;
      }
    } catch (error) {
      // The journal failed. Sending goes on with the block that is read back from it.
      this.#dependencies.log.warn({ ...this.#ids, err: error }, 'telling an async listener was interrupted');
      this.#group.stopped.abort();
    }
  }

  /** Takes one step after the other until the next is to wait, or another task waits for its turn. */
  async #steps(): Promise<void> {
    while (!this.#isStopped && this.#isOwed) {
      await this.#step();
      if (this.#queued > 0 || this.#due > this.#dependencies.elapsed()) return;
    }
  }

  async #step(): Promise<void> {
    const { id: listenerId, phase, lastSequence } = this.#listener;
    this.#accepted = Math.max(this.#accepted, this.#backlog.acknowledged);
    if (this.#isTooFarBehind) {
      await this.#keepPosition();
      await this.#commit({ kind: 'listener-replay', listenerId, step: 'wanted', givenUp: lastSequence });
      return;
    }
    if (this.#due > this.#dependencies.elapsed()) return;
    if (this.#backlog.wanted !== null) {
      await this.#commit({ kind: 'listener-replay', listenerId, step: 'begun' });
      return;
    }
    const delivery = this.#deliveryAt(this.#accepted + 1);
    if (delivery !== null) {
      await this.#send(delivery);
      return;
    }
    // Nothing is pending: a listener in phase `removing` can be dropped now.
    await this.#keepPosition();
    if (phase === 'removing') await this.#commit({ kind: 'listener-removed', listenerId });
  }

  async #send(delivery: Delivery): Promise<void> {
    this.#listener.lastSequence = Math.max(this.#listener.lastSequence, delivery.sequence);
    if (this.#attempt.signal.aborted) this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    const following = (): Delivery | null => this.#deliveryAt(delivery.sequence + 1);
    const judgement = await this.#dependencies.attemptOnce(delivery, this.#failures + 1, signal, following);
    if (judgement.outcome === 'accepted') {
      this.#noteAccepted();
      if (this.#isKeepDue) await this.#keepPosition();
    }
    // An attempt that the service broke off is not the listener's fault.
    else if (!this.#attempt.signal.aborted) await this.#noteFailed(judgement);
  }

  #noteAccepted(): void {
    this.#accepted++;
    this.#failures = 0;
    this.#failingSince = null;
    this.#keeping ??= setTimeout(() => void this.#keepPosition().catch(() => undefined), POSITION_AFTER_MS);
  }

  /** Whether nothing more may be sent before the position is durable. */
  get #isKeepDue(): boolean {
    const { acknowledged, failingSince } = this.#backlog;
    return failingSince !== null || this.#accepted - acknowledged >= POSITION_EVERY;
  }

  async #noteFailed({ status, isGone, retryMs = 0 }: Judgement): Promise<void> {
    const { asyncSettings, elapsed, log, now, random } = this.#dependencies;
    this.#failures++;
    this.#failingSince ??= isoTime(now());
    if (this.#backlog.failingSince === null) {
      log.warn({ ...this.#ids, status }, 'an async listener is failing');
      await this.#keepPosition();
    }
    if (isGone === true || now() - Date.parse(this.#failingSince) >= asyncSettings.disableAfter) {
      const { id: listenerId, phase, lastSequence: givenUp } = this.#listener;
      log.warn({ ...this.#ids, status, failingSince: this.#failingSince }, 'an async listener is given up');
      if (phase === 'removing') await this.#commit({ kind: 'listener-removed', listenerId });
      else await this.#commit({ kind: 'listener-phase', listenerId, phase: 'disabled', givenUp });
      return;
    }
    const { retrySchedule } = asyncSettings;
    const scheduled = retrySchedule[Math.min(this.#failures, retrySchedule.length) - 1] ?? 0;
    const jittered = scheduled * (1 + JITTER * (2 * random() - 1));
    this.#due = elapsed() + Math.max(jittered, Math.min(retryMs, Math.max(...retrySchedule)));
  }

  async #keepPosition(): Promise<void> {
    clearTimeout(this.#keeping);
    this.#keeping = undefined;
    const { acknowledged, failingSince } = this.#backlog;
    if (this.#accepted <= acknowledged && this.#failingSince === failingSince) return;
    if (!this.#isThere) return;
    const { id: listenerId } = this.#listener;
    const [position, since] = [Math.max(this.#accepted, acknowledged), this.#failingSince];
    await this.#commit({ kind: 'listener-position', listenerId, acknowledged: position, failingSince: since });
  }

  #commit(record: AsyncRecord): Promise<void> {
    return this.#live.commit([{ ...record, ramBlockId: this.#live.block.id }]);
  }

  #deliveryAt(sequence: number): Delivery | null {
    const pending = this.#backlog.at(sequence);
    if (pending === undefined) return null;
    if (this.#composed?.pending === pending) return this.#composed.delivery;
    const { id: ramBlockId, definition } = this.#live.block;
    const { populate, reason, generation, conversionId, at, runs } = pending;
    const delivery: Delivery = {
      type: populate ? 'populate' : 'discard',
      reason,
      ramBlockId,
      machine: definition.machine,
      idstr: definition.idstr,
      listener: this.#listener,
      sequence,
      settledThrough: sequence - 1,
      generation,
      conversionId,
      timestamp: at,
      sections: runs.map((run) => this.#listener.notifiedSection(run)),
    };
    this.#composed = { pending, delivery };
    return delivery;
  }
}
