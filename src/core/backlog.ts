// What an async listener has still to be told, in order, and what it has acknowledged so far. A pure function of the
// records of its block: after a restart the same deliveries follow with the same numbers and the same content.
import { PageBitmap } from './page-bitmap.ts';
import type { DeliveryReason } from './records.ts';
import { cut, type PageRange } from './section.ts';

/** What the deliveries that one record brings about have in common. */
export interface About {
  readonly reason: DeliveryReason;
  readonly conversionId: string | null;
  /** Of the block, once the record is true. */
  readonly generation: number;
  /** When the record was made durable. */
  readonly at: string;
}

/** One delivery that is not acknowledged yet. */
export interface Pending extends About {
  readonly populate: boolean;
  readonly runs: readonly PageRange[];
}

/** A replay that is to begin with the next delivery. */
export interface WantedReplay {
  readonly reason: 'registration' | 'replay';
  readonly since: string;
}

/** All that a backlog is. */
export interface BacklogState {
  /** Every delivery up to this sequence is over; the oldest pending one has the next. */
  readonly acknowledged: number;
  readonly failingSince: string | null;
  readonly wanted: WantedReplay | null;
  readonly pending: readonly Pending[];
  /** The last sequence of the replay that began last. */
  readonly replayThrough: number;
  /** What was acknowledged, populates and discards, makes these pages mapped. */
  readonly mapped: PageBitmap;
  /** The end of the last page that it was ever to map: a block that has shrunk may end before it. */
  readonly reach: number;
}

/** Pending deliveries are let go of in steps, so that a long list is not moved with every acknowledgement. */
const FORGET_FROM = 1024;

export class Backlog implements BacklogState {
  readonly #maxSections: number;
  readonly mapped: PageBitmap;
  #acknowledged: number;
  #wanted: WantedReplay | null;
  #replayThrough: number;
  #reach: number;
  /** Those before `#head` are over. */
  #deliveries: Pending[];
  #head = 0;
  /** Runs of the pending deliveries that are not of the replay that began last. */
  #runsBehind = 0;
  /** Since when nothing but failures came of the attempts; null when the last one was accepted. */
  failingSince: string | null;

  /** @param pages that the block may have at most @param maxSections of one delivery */
  static empty(pages: number, maxSections: number, wanted: WantedReplay): Backlog {
    const mapped = new PageBitmap(pages);
    const fresh = { acknowledged: 0, failingSince: null, wanted, pending: [], replayThrough: 0, mapped, reach: 0 };
    return new Backlog(fresh, maxSections);
  }

  constructor(state: BacklogState, maxSections: number) {
    this.#maxSections = maxSections;
    this.mapped = state.mapped;
    this.#acknowledged = state.acknowledged;
    this.#wanted = state.wanted;
    this.#replayThrough = state.replayThrough;
    this.#reach = state.reach;
    this.#deliveries = [...state.pending];
    this.failingSince = state.failingSince;
    for (let sequence = Math.max(this.#acknowledged, this.#replayThrough); sequence < this.last; ) {
      this.#runsBehind += this.at(++sequence)?.runs.length ?? 0;
    }
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get wanted(): WantedReplay | null {
    return this.#wanted;
  }

  get pending(): readonly Pending[] {
    return this.#deliveries.slice(this.#head);
  }

  get replayThrough(): number {
    return this.#replayThrough;
  }

  get reach(): number {
    return this.#reach;
  }

  /** The sequence of the youngest pending delivery; `acknowledged` where there is none. */
  get last(): number {
    return this.#acknowledged + this.#deliveries.length - this.#head;
  }

  /** How many deliveries are known to be owed; a replay that has not begun counts as one. */
  get size(): number {
    return this.last - this.#acknowledged + (this.#wanted === null ? 0 : 1);
  }

  /** The runs of pages of the pending deliveries, but for those that the last replay brought itself. */
  get runsBehind(): number {
    return this.#runsBehind;
  }

  /** Since when the oldest of them is owed. */
  get oldestAt(): string | null {
    return this.#wanted?.since ?? this.#deliveries[this.#head]?.at ?? null;
  }

  /** The replay of the registration is not through. */
  get isRegistering(): boolean {
    return (this.#wanted ?? this.#deliveries[this.#head])?.reason === 'registration';
  }

  /** The pending delivery with this sequence; undefined where there is none (yet). */
  at(sequence: number): Pending | undefined {
    return sequence > this.#acknowledged ? this.#deliveries[this.#head + sequence - this.#acknowledged - 1] : undefined;
  }

  /** Adds what is told of `runs`; nothing while a replay is wanted, which will tell of it. */
  add(populate: boolean, runs: readonly PageRange[], about: About): void {
    if (this.#wanted !== null) return;
    if (populate) this.#reach = Math.max(this.#reach, runs.at(-1)?.end ?? 0);
    for (let from = 0; from < runs.length; from += this.#maxSections) {
      this.#deliveries.push({ ...about, populate, runs: runs.slice(from, from + this.#maxSections) });
    }
    this.#runsBehind += runs.length;
  }

  /** Every delivery up to `sequence` was accepted. */
  acknowledge(sequence: number): void {
    while (this.#acknowledged < sequence) {
      const delivery = this.#shift();
      if (delivery === undefined) return;
      for (const run of delivery.runs) {
        if (delivery.populate) this.mapped.set(run);
        else this.mapped.clear(run);
      }
    }
  }

  /** Gives up the delivery with `sequence`: its ranges follow behind all that is pending, as they are in `populated`. */
  skip(sequence: number, populated: PageBitmap, about: Omit<About, 'reason' | 'conversionId'>): void {
    this.acknowledge(sequence - 1);
    const delivery = this.#shift();
    if (delivery === undefined) return;
    const recovery = { ...about, reason: 'recovery' as const, conversionId: null };
    const inUse = { start: 0, end: populated.length };
    this.add(false, delivery.runs, recovery);
    const again = delivery.runs.flatMap((run) => populated.listRuns(cut(run, inUse) ?? { start: 0, end: 0 }, true));
    this.add(true, again, recovery);
  }

  /** Drops all that is pending. @param givenUp the last sequence that may have been sent */
  drop(givenUp: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, givenUp);
    // Of the last replay nothing is left; what comes next must not count as its own.
    this.#replayThrough = Math.min(this.#replayThrough, this.#acknowledged);
    this.#deliveries = [];
    this.#head = 0;
    this.#runsBehind = 0;
    this.#wanted = null;
  }

  /** Instead of all that is pending a replay will follow. */
  want(givenUp: number, since: string): void {
    const reason = this.#wanted?.reason ?? 'replay';
    this.drop(givenUp);
    this.#wanted = { reason, since };
  }

  /**
   * The replay that is wanted begins: all that may be mapped is discarded, unless nothing was ever populated, and what is
   * populated in the section follows.
   */
  begin(section: PageRange, populated: readonly PageRange[], about: Omit<About, 'reason' | 'conversionId'>): void {
    if (this.#wanted === null) return;
    const { reason } = this.#wanted;
    this.#wanted = null;
    if (reason === 'replay') this.add(false, [this.#mappable(section)], { ...about, reason, conversionId: null });
    this.add(true, populated, { ...about, reason, conversionId: null });
    this.#replayThrough = this.last;
    this.#runsBehind = 0;
  }

  /** The discards that end the listener follow. A replay that has not begun is not needed any more. */
  end(section: PageRange, discards: readonly PageRange[], about: Omit<About, 'reason' | 'conversionId'>): void {
    const runs = this.#wanted === null ? discards : [this.#mappable(section)];
    this.#wanted = null;
    this.add(false, runs, { ...about, reason: 'unregistration', conversionId: null });
  }

  /** `section`, and what it reached to before the block shrank: of that nothing may have been heard. */
  #mappable({ start, end }: PageRange): PageRange {
    return { start, end: Math.max(end, this.#reach) };
  }

  #shift(): Pending | undefined {
    const delivery = this.#deliveries[this.#head];
    if (delivery === undefined) return undefined;
    this.#acknowledged++;
    this.#head++;
    if (this.#acknowledged > this.#replayThrough) this.#runsBehind -= delivery.runs.length;
    if (this.#head >= FORGET_FROM) {
      this.#deliveries.splice(0, this.#head);
      this.#head = 0;
    }
    return delivery;
  }
}
