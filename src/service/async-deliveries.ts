// Tells async listeners what they are owed: each at its own pace, in order, again and again until it is accepted. Beside
// the block's queue, for nobody waits for them; their records concern nobody else.
import { setTimeout as delay } from 'node:timers/promises';
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
import { AsyncCourse } from './async-course.ts';
import type { Dependencies } from './dependencies.ts';

/** Deliveries, and milliseconds, after which the position of a listener is made durable. */
const POSITION_EVERY = 100;
const POSITION_AFTER_MS = 100;
/** Of a delay between attempts, to either side, so that listeners are not called in step. */
const JITTER = 0.2;

type AsyncRecord = ListenerPosition | ListenerReplay | ListenerPhaseChanged | ListenerRemoved;

/** What is needed of a live block. */
export interface MirroredBlock {
  readonly block: RamBlock;
  commit(records: readonly NewRecord[]): Promise<void>;
}

type Needed = Pick<Dependencies, 'asyncSettings' | 'attemptOnce' | 'elapsed' | 'log' | 'now' | 'random'>;

export class AsyncDeliveries {
  readonly #live: MirroredBlock;
  readonly #dependencies: Needed;
  readonly #stopped = new AbortController();
  readonly #courses = new Map<string, AsyncCourse>();
  /** Those that are sending or about to. */
  readonly #running = new Map<string, Promise<void>>();

  constructor(live: MirroredBlock, dependencies: Needed) {
    this.#live = live;
    this.#dependencies = dependencies;
    for (const listener of live.block.manager.listeners.values()) {
      const { backlog } = listener;
      // What was sent before a restart beyond the position that is durable: these numbers are taken.
      if (backlog !== null) listener.lastSequence = Math.min(backlog.last, backlog.acknowledged + POSITION_EVERY);
    }
  }

  /** Starts to send to every listener that is owed something. */
  wake(): void {
    if (this.#stopped.signal.aborted || !this.#live.block.manager.hasAsync) return;
    for (const listener of this.#live.block.manager.listeners.values()) {
      const course = this.#owedTo(listener);
      if (course === null) continue;
      if (this.#isTooFarBehind(course)) course.waiting?.abort();
      if (this.#running.has(listener.id)) continue;
      const run = this.#run(course).finally(() => {
        this.#running.delete(listener.id);
        this.#forgetIfGone(course);
        // What came to be owed since it was looked at last.
        this.wake();
      });
      this.#running.set(listener.id, run);
    }
  }

  /** Sends what is owed to `listener` now, not when the schedule has it. */
  retry(listener: RamDiscardListener): void {
    const course = this.#courses.get(listener.id);
    if (course !== undefined) course.due = 0;
    course?.waiting?.abort();
    this.wake();
  }

  /**
   * Runs `task` while nothing is being sent to `listener`; what is under way is broken off, and how far the listener has
   * come is durable before.
   * @param task gets the last sequence that may have been sent, and the last that was accepted
   * @throws Problem `journal-unavailable`
   */
  between<T>(listener: RamDiscardListener, task: (sent: number, accepted: number) => Promise<T>): Promise<T> {
    const course = this.#courseOf(listener);
    if (course === null) throw new Error(`listener ${listener.id} is not async`);
    course.attempt.abort();
    course.waiting?.abort();
    course.due = 0;
    return this.#exclusively(course, async () => {
      // The task may give up all that is pending: what was accepted of that is mapped nevertheless.
      await this.#keep(course);
      const result = await task(listener.lastSequence, course.accepted);
      course.failures = 0;
      course.failingSince = course.backlog.failingSince;
      this.#forgetIfGone(course);
      return result;
    });
  }

  /** The listener is gone: what is being sent to it no longer matters. */
  abandon(listener: RamDiscardListener): void {
    const course = this.#courses.get(listener.id);
    if (course === undefined) return;
    course.attempt.abort();
    course.waiting?.abort();
    this.#forgetIfGone(course);
  }

  /** Listeners of which anything is kept here. */
  get size(): number {
    return this.#courses.size;
  }

  /** Resolves when nothing is to be done for `listener` any more, and after `limitMs` in any case. */
  async ended(listener: RamDiscardListener, limitMs: number): Promise<void> {
    const run = this.#running.get(listener.id);
    if (run !== undefined) await Promise.race([run, delay(limitMs, undefined, { ref: false })]);
  }

  /** Breaks off what is under way; resolves when nothing is, and how far it came is durable where that can be. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const { attempt, waiting } of this.#courses.values()) {
      attempt.abort();
      waiting?.abort();
    }
    await Promise.all(this.#running.values());
    // A journal that failed keeps nothing; what was sent is sent again then.
    await Promise.allSettled(
      [...this.#courses.values()].map((course) => this.#exclusively(course, () => this.#keep(course))),
    );
  }

  /** What is to be done for `listener`; null where that is nothing. */
  #owedTo(listener: RamDiscardListener): AsyncCourse | null {
    if (listener.backlog === null || !this.#isThere(listener)) return null;
    const course = this.#courseOf(listener);
    if (listener.phase === 'removing') return course;
    return listener.phase === 'active' && course !== null && course.owed > 0 ? course : null;
  }

  #isThere(listener: RamDiscardListener): boolean {
    const { deleted, manager } = this.#live.block;
    return !deleted && manager.listeners.get(listener.id) === listener;
  }

  #isTooFarBehind(course: AsyncCourse): boolean {
    if (course.listener.phase !== 'active') return false;
    const { backlogLimit, backlogRuns } = this.#dependencies.asyncSettings;
    // What is accepted and not yet recorded is looked at only where it matters.
    return course.behind > backlogLimit || (course.backlog.runsBehind > backlogRuns && course.runsBehind > backlogRuns);
  }

  #courseOf(listener: RamDiscardListener): AsyncCourse | null {
    const known = this.#courses.get(listener.id);
    if (known !== undefined || listener.backlog === null) return known ?? null;
    const course = new AsyncCourse(listener, listener.backlog);
    this.#courses.set(listener.id, course);
    return course;
  }

  async #run(course: AsyncCourse): Promise<void> {
    const { listener } = course;
    try {
      while (!this.#stopped.signal.aborted && this.#owedTo(listener) !== null) {
        await this.#exclusively(course, () => this.#steps(course));
        const wait = course.due - this.#dependencies.elapsed();
        if (wait <= 0 || this.#stopped.signal.aborted) continue;
        course.waiting = new AbortController();
        await delay(wait, undefined, { signal: course.waiting.signal }).catch(() => undefined);
        course.waiting = null;
      }
    } catch (error) {
      // The journal failed: whoever reads it back goes on.
      const ids = { ramBlockId: this.#live.block.id, listenerId: listener.id };
      this.#dependencies.log.warn({ ...ids, err: error }, 'telling an async listener was interrupted');
      this.#stopped.abort();
    }
  }

  /** Keeps nothing of a listener that is gone once nothing is done for it any more. */
  #forgetIfGone({ listener, keeping }: AsyncCourse): void {
    if (this.#isThere(listener) || this.#running.has(listener.id)) return;
    clearTimeout(keeping);
    this.#courses.delete(listener.id);
  }

  #exclusively<T>(course: AsyncCourse, task: () => Promise<T>): Promise<T> {
    course.queued++;
    const done = course.turn.then(() => {
      course.queued--;
      return task();
    });
    course.turn = done.catch(() => undefined);
    return done;
  }

  /** Does what is next for one listener, and what comes then, until that is to wait or somebody else does. */
  async #steps(course: AsyncCourse): Promise<void> {
    while (!this.#stopped.signal.aborted && this.#owedTo(course.listener) !== null) {
      await this.#step(course);
      if (course.queued > 0 || course.due > this.#dependencies.elapsed()) return;
    }
  }

  /** The next of these; something is to be done. */
  async #step(course: AsyncCourse): Promise<void> {
    const { listener, backlog } = course;
    const { id: listenerId } = listener;
    course.accepted = Math.max(course.accepted, backlog.acknowledged);
    if (this.#isTooFarBehind(course)) {
      await this.#keep(course);
      await this.#commit({ kind: 'listener-replay', listenerId, step: 'wanted', givenUp: listener.lastSequence });
      return;
    }
    if (course.due > this.#dependencies.elapsed()) return;
    if (backlog.wanted !== null) {
      await this.#commit({ kind: 'listener-replay', listenerId, step: 'begun' });
      return;
    }
    const delivery = this.#deliveryAt(course, course.accepted + 1);
    if (delivery === null) {
      // All is told. One that is about to go is gone then.
      await this.#keep(course);
      if (listener.phase === 'removing') await this.#commit({ kind: 'listener-removed', listenerId });
      return;
    }
    listener.lastSequence = Math.max(listener.lastSequence, delivery.sequence);
    if (course.attempt.signal.aborted) course.attempt = new AbortController();
    const following = (): Delivery | null => this.#deliveryAt(course, delivery.sequence + 1);
    const { signal } = course.attempt;
    const judgement = await this.#dependencies.attemptOnce(delivery, course.failures + 1, signal, following);
    if (judgement.outcome === 'accepted') {
      this.#accepted(course);
      if (this.#isKeepDue(course)) await this.#keep(course);
    }
    // Broken off from here, it is not the listener's fault.
    else if (!course.attempt.signal.aborted) await this.#failed(course, judgement);
  }

  #accepted(course: AsyncCourse): void {
    course.accepted++;
    course.failures = 0;
    course.failingSince = null;
    course.keeping ??= setTimeout(() => void this.#keep(course).catch(() => undefined), POSITION_AFTER_MS);
  }

  /** Nothing is sent before the position is durable. */
  #isKeepDue({ accepted, backlog }: AsyncCourse): boolean {
    return backlog.failingSince !== null || accepted - backlog.acknowledged >= POSITION_EVERY;
  }

  async #failed(course: AsyncCourse, { status, retryMs = 0 }: Judgement): Promise<void> {
    const { listener } = course;
    const { asyncSettings, elapsed, log, now, random } = this.#dependencies;
    const ids = { ramBlockId: this.#live.block.id, listenerId: listener.id };
    course.failures++;
    course.failingSince ??= isoTime(now());
    if (course.backlog.failingSince === null) {
      log.warn({ ...ids, status }, 'an async listener is failing');
      await this.#keep(course);
    }
    const isGivenUp = now() - Date.parse(course.failingSince) >= asyncSettings.disableAfter;
    if (status === 410 || isGivenUp) {
      const { id: listenerId, phase, lastSequence: givenUp } = listener;
      log.warn({ ...ids, status, failingSince: course.failingSince }, 'an async listener is given up');
      if (phase === 'removing') await this.#commit({ kind: 'listener-removed', listenerId });
      else await this.#commit({ kind: 'listener-phase', listenerId, phase: 'disabled', givenUp });
      return;
    }
    const { retrySchedule } = asyncSettings;
    const scheduled = retrySchedule[Math.min(course.failures, retrySchedule.length) - 1] ?? 0;
    const jittered = scheduled * (1 + JITTER * (2 * random() - 1));
    course.due = elapsed() + Math.max(jittered, Math.min(retryMs, Math.max(...retrySchedule)));
  }

  /** Makes durable how far the listener has come. */
  async #keep(course: AsyncCourse): Promise<void> {
    clearTimeout(course.keeping);
    course.keeping = undefined;
    const { listener, backlog, accepted, failingSince } = course;
    if (accepted <= backlog.acknowledged && failingSince === backlog.failingSince) return;
    if (!this.#isThere(listener)) return;
    const acknowledged = Math.max(accepted, backlog.acknowledged);
    await this.#commit({ kind: 'listener-position', listenerId: listener.id, acknowledged, failingSince });
  }

  #commit(record: AsyncRecord): Promise<void> {
    return this.#live.commit([{ ...record, ramBlockId: this.#live.block.id }]);
  }

  #deliveryAt(course: AsyncCourse, sequence: number): Delivery | null {
    const { listener, backlog, composed } = course;
    const pending = backlog.at(sequence);
    if (pending === undefined) return null;
    if (composed?.pending === pending) return composed.delivery;
    const { id: ramBlockId, definition } = this.#live.block;
    const { populate, reason, generation, conversionId, at, runs } = pending;
    const delivery: Delivery = {
      type: populate ? 'populate' : 'discard',
      reason,
      ramBlockId,
      machine: definition.machine,
      idstr: definition.idstr,
      listener,
      sequence,
      settledThrough: sequence - 1,
      generation,
      conversionId,
      timestamp: at,
      sections: runs.map((run) => listener.notifiedSection(run)),
    };
    course.composed = { pending, delivery };
    return delivery;
  }
}
