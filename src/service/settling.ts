// Settles what is not known of the listeners of one block: a discard of the unknown ranges until it is acknowledged,
// then a populate of what is populated now. Either is made in parts that fit into one record of the journal. Runs beside
// the queue; only its records go through it.
import { setTimeout as delay } from 'node:timers/promises';
import type { RamBlock } from '../core/ram-block.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { NewRecord } from '../core/records.ts';
import type { Call } from '../core/rounds.ts';
import { countPages, cutAll, type PageRange } from '../core/section.ts';
import type { BlockQueue } from './block-queue.ts';
import type { Dependencies } from './dependencies.ts';
import type { Notifications } from './notifications.ts';

const FIRST_DELAY_MS = 100;
/** The longest delay in about the first minute. */
const PATIENT_DELAY_MS = 5000;
const LONGEST_DELAY_MS = 5 * 60_000;
/** Attempts that make up about a minute: seven until the delay is 5 s, and ten that long. */
const PATIENT_ATTEMPTS = 17;
/** Of the delay, to either side, so that the listeners of a service that restarted are not called in step. */
const JITTER = 0.2;

/** What settling needs of a live block. */
export interface SettledBlock {
  readonly block: RamBlock;
  readonly queue: BlockQueue;
  begin(calls: readonly Call[], options: { signal: AbortSignal }): Promise<Notifications>;
  commit(records: readonly NewRecord[]): Promise<void>;
}

/** One delivery that is under way. */
interface Attempt {
  readonly populate: boolean;
  readonly delivered: Promise<unknown>;
  /** Waits for the answer and records it, once. Called in turn only. Resolves to whether it brought the listener on. */
  readonly conclude: () => Promise<boolean>;
  readonly abort: () => void;
}

/**
 * How long to wait after so many attempts that failed, before jitter; milliseconds. From 100 ms on doubling to 5 s, and once
 * the device has been away for about a minute, doubling to 5 minutes.
 */
export function settlingDelay(failures: number): number {
  if (failures <= PATIENT_ATTEMPTS) return Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), PATIENT_DELAY_MS);
  return Math.min(PATIENT_DELAY_MS * 2 ** (failures - PATIENT_ATTEMPTS), LONGEST_DELAY_MS);
}

/** A wait between two attempts. */
interface Pause {
  /** When it is over, on the clock of `elapsed`. */
  readonly until: number;
  readonly end: () => void;
}

export class Settling {
  readonly #live: SettledBlock;
  readonly #log: Dependencies['log'];
  readonly #random: Dependencies['random'];
  readonly #elapsed: Dependencies['elapsed'];
  /** Runs of pages that one attempt tells of. */
  readonly #runsLimit: number;
  readonly #stopped = new AbortController();
  /** Listeners that are being settled. */
  readonly #active = new Set<string>();
  readonly #attempts = new Map<string, Attempt>();
  readonly #pauses = new Map<string, Pause>();

  constructor(
    live: SettledBlock,
    { log, random, elapsed, changeRunsLimit }: Pick<Dependencies, 'log' | 'random' | 'elapsed' | 'changeRunsLimit'>,
  ) {
    this.#live = live;
    this.#log = log;
    this.#random = random;
    this.#elapsed = elapsed;
    this.#runsLimit = changeRunsLimit;
  }

  /** Starts to settle every listener that needs it and is not being settled yet. */
  wake(): void {
    if (this.#stopped.signal.aborted) return;
    for (const listener of this.#live.block.manager.newestFirst) {
      if (!listener.isUnsettled || this.#active.has(listener.id)) continue;
      this.#active.add(listener.id);
      void this.#settle(listener).then((isSettled) => {
        this.#active.delete(listener.id);
        // What came to be owed since it was looked at last.
        if (isSettled) this.wake();
      });
    }
  }

  /** Whether a populate to `listener` is under way, or what came of it is not recorded. */
  isPopulating(listener: RamDiscardListener): boolean {
    return this.#attempts.get(listener.id)?.populate ?? false;
  }

  /**
   * Waits until no populate to `listener` is under way and what came of it is recorded: a change that is delivered to it
   * must not cross one. Called in turn only. Takes at most the deadline of one delivery.
   */
  async conclude(listener: RamDiscardListener): Promise<void> {
    const attempt = this.#attempts.get(listener.id);
    if (attempt?.populate) await attempt.conclude();
  }

  /** Makes the next attempt now: an operator asks for it, or has changed the listener. */
  hurry(listenerId: string): void {
    this.#pauses.get(listenerId)?.end();
  }

  /** Seconds until the next attempt to settle a listener; 1 while one is under way. */
  secondsToNext(listenerId: string): number {
    const pause = this.#pauses.get(listenerId);
    return pause === undefined ? 1 : Math.max(1, Math.ceil((pause.until - this.#elapsed()) / 1000));
  }

  /** The listener is gone, or about to be: what is being sent to it no longer matters, and nothing is waited for. */
  abandon(listenerId: string): void {
    this.#attempts.get(listenerId)?.abort();
    this.hurry(listenerId);
  }

  stop(): void {
    this.#stopped.abort();
    for (const attempt of this.#attempts.values()) attempt.abort();
    for (const pause of this.#pauses.values()) pause.end();
  }

  /** @returns false when it was interrupted: whoever reads the journal back goes on */
  async #settle(listener: RamDiscardListener): Promise<boolean> {
    const { signal } = this.#stopped;
    const ids = { ramBlockId: this.#live.block.id, listenerId: listener.id };
    this.#log.warn(ids, 'a listener has unsettled ranges');
    let failures = 0;
    try {
      while (!signal.aborted && this.#isOwed(listener)) {
        const attempt = await this.#live.queue.runOwed(() => this.#begin(listener));
        await attempt?.delivered;
        // Without its record the answer never was; after a restart the ranges are of unknown state again.
        if (signal.aborted) return false;
        if (attempt === null) break;
        // A discard that is acknowledged does not make the waits short again: the populate after it may still fail.
        if (await this.#live.queue.runOwed(attempt.conclude)) continue;
        await this.#pause(listener.id, settlingDelay(++failures));
      }
      if (signal.aborted) return false;
      // One that was removed meanwhile was not.
      if (this.#isThere(listener)) this.#log.info(ids, 'a listener is settled');
      return true;
    } catch (error) {
      // The journal failed or the service is closing.
      if (!signal.aborted) this.#log.warn({ ...ids, err: error }, 'settling a listener was interrupted');
      return false;
    }
  }

  /** Waits for about so many milliseconds, or until it is not to be waited for. */
  async #pause(listenerId: string, milliseconds: number): Promise<void> {
    const jittered = milliseconds * (1 + JITTER * (2 * this.#random() - 1));
    const ended = new AbortController();
    this.#pauses.set(listenerId, { until: this.#elapsed() + jittered, end: () => ended.abort() });
    await delay(jittered, undefined, { signal: ended.signal }).catch(() => undefined);
    this.#pauses.delete(listenerId);
  }

  #isThere(listener: RamDiscardListener): boolean {
    const { deleted, manager } = this.#live.block;
    return !deleted && manager.listeners.get(listener.id) === listener;
  }

  /** Whether the listener is still there and anything of it is unsettled. */
  #isOwed(listener: RamDiscardListener): boolean {
    return this.#isThere(listener) && listener.isUnsettled;
  }

  /** The first recorded step: the delivery is about to be sent. */
  async #begin(listener: RamDiscardListener): Promise<Attempt | null> {
    if (!this.#isOwed(listener)) return null;
    const populate = !listener.isUnknown;
    const runs = populate
      ? listener.firstUnmapped(this.#runsLimit)
      : listener.firstUnknown(this.#live.block.manager.populated, this.#runsLimit);
    const call = { listener, runs };
    const abort = new AbortController();
    const notifications = await this.#live.begin([call], { signal: abort.signal });
    const delivered = populate
      ? notifications.populateAgain(call, 'recovery')
      : notifications.discard(call, 'recovery');
    const conclude = async (): Promise<boolean> => {
      const accepted = (await delivered) === null;
      this.#attempts.delete(listener.id);
      if (this.#live.block.deleted) return true;
      const isGone = !this.#isThere(listener);
      // One that is about to go may go when no part of what is unknown is left to be discarded.
      const isLast = (listener.unsettled?.unknown.populated ?? 0) <= countPages(runs);
      if (accepted && !populate && !isGone) notifications.note(listener, this.#discarded(runs));
      const records = [notifications.outcome];
      if (accepted && !isGone && listener.phase === 'removing' && isLast) records.push(this.#removal(listener));
      await this.#live.commit(records);
      // Nothing was told, so that nothing can have come of it: the next try is made when its time has come.
      return accepted && runs.length > 0;
    };
    let concluded: Promise<boolean> | undefined;
    const attempt: Attempt = {
      populate,
      delivered,
      conclude: () => {
        concluded ??= conclude();
        return concluded;
      },
      abort: () => abort.abort(),
    };
    this.#attempts.set(listener.id, attempt);
    return attempt;
  }

  /** After an acknowledged discard of `runs`: what of them is populated now, if the block has it, is owed a populate. */
  #discarded(runs: readonly PageRange[]): { settled: readonly PageRange[]; unmapped: PageRange[] } {
    const { manager, pages } = this.#live.block;
    const owed = cutAll(runs, pages).flatMap((run) => manager.populated.listRuns(run, true));
    return { settled: runs, unmapped: owed };
  }

  #removal(listener: RamDiscardListener): NewRecord {
    return { ramBlockId: this.#live.block.id, kind: 'listener-removed', listenerId: listener.id };
  }
}
