// The last events, kept in memory, so that a reader who was away for a moment misses none.
import { setImmediate } from 'node:timers/promises';
import { Problem } from '../errors.ts';
import type { EventType } from '../event-types.ts';

export interface ServiceEvent {
  readonly type: EventType;
  readonly machine: string;
  readonly ramBlockId: string;
  readonly generation: number;
  /** ISO 8601. */
  readonly at: string;
  /** What else its data tells, as the GET of it answers. */
  readonly resource: object;
}

/** One event; or several that follow each other and differ in their resource alone, as those of a batch do. */
export interface News extends Omit<ServiceEvent, 'resource'> {
  readonly resource: object | readonly object[];
}

/** What is kept: with the number of the first event of it, and an estimate of the bytes that it takes. */
interface Kept extends News {
  readonly number: number;
  readonly bytes: number;
}

/** Bytes that all events that are kept may take; the last news is kept whatever it takes. */
const LIMIT_BYTES = 64 * 2 ** 20;
/** Bytes, about: of an event, of a field that is no text, of an item of a list (a range, an id). */
const EVENT_BYTES = 200;
const FIELD_BYTES = 16;
const ITEM_BYTES = 64;

/** Readers that are told in one turn of the event loop: each of them may write some KiB then. */
const TOLD_AT_ONCE = 64;

export class EventLog {
  /** Tells the events of this process from those of another. */
  #epoch: string;
  /** How often it started anew. */
  #starts = 0;
  readonly #firstEpoch: string;
  readonly #limit: number;
  /** Ascending. */
  #kept: Kept[] = [];
  #count = 0;
  /** Of all that is kept. */
  #bytes = 0;
  readonly #limitBytes: number;
  readonly #readers = new Set<() => void>();
  /** Readers that are to have a turn. */
  readonly #waiting = new Set<() => void>();
  #isTelling = false;

  /**
   * @param limit events that are kept (RBA_EVENTS_KEPT)
   * @param limitBytes bytes that they may take, about; where they need more, fewer are kept
   */
  constructor(limit: number, epoch: string, limitBytes = LIMIT_BYTES) {
    this.#limit = limit;
    this.#firstEpoch = epoch;
    this.#epoch = epoch;
    this.#limitBytes = limitBytes;
  }

  /** An estimate of the bytes that the events take that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The id of the last event. */
  get last(): string {
    return this.idOf(this.#count);
  }

  /** The id of the event with this number: opaque; only {@link EventLog.numberAfter} can read it. */
  idOf(number: number): string {
    return `${this.#epoch}-${number}`;
  }

  /** How many readers follow. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Calls `reader` whenever an event has come. @returns what ends it */
  follow(reader: () => void): () => void {
    this.#readers.add(reader);
    return () => {
      this.#readers.delete(reader);
      this.#waiting.delete(reader);
    };
  }

  /** Calls `reader`, which follows, once it has a turn: readers that take all at once would leave none to others. */
  callSoon(reader: () => void): void {
    this.#waiting.add(reader);
    void this.#callInTurns();
  }

  /**
   * Forgets all events, for something may have become true that none of them tells of: who follows is cut off, and ids from
   * before are not known any more.
   */
  startAnew(): void {
    this.#epoch = `${this.#firstEpoch}.${++this.#starts}`;
    // A number that nobody is told of: who waits for it has missed it.
    this.#count++;
    this.#forget(this.#kept.length);
    for (const reader of this.#readers) reader();
  }

  /** The number of the event after the one with this id. @throws Problem `events-expired` when that is not known any more */
  numberAfter(id: string): number {
    const [epoch, text] = id.split(/-(?=[0-9]+$)/);
    const next = Number(text) + 1;
    const oldest = Math.max(this.#oldest, this.#count - this.#limit + 1);
    if (epoch === this.#epoch && next >= oldest && next <= this.#count + 1) return next;
    const detail = `what followed event ${JSON.stringify(id)} is no longer kept (the last ${this.#limit}, RBA_EVENTS_KEPT, fewer where they are large; none of before a restart or a failure of the journal); read the state anew`;
    throw new Problem('events-expired', detail);
  }

  /** The event with this number; null where it has not come yet, undefined where it is no longer kept. */
  at(number: number): ServiceEvent | null | undefined {
    if (number > this.#count) return null;
    const kept = this.#kept[this.#indexOf(number)];
    if (kept === undefined) return undefined;
    const { number: first, bytes: _bytes, resource, ...common } = kept;
    return { ...common, resource: Array.isArray(resource) ? resource[number - first] : resource };
  }

  /**
   * Returns the first event from `number` on that `isWanted`, with its number; where there is none, null and the number of
   * the next event to come. What came together is asked about once. Undefined where what followed is no longer kept.
   */
  firstFrom(
    number: number,
    isWanted: (about: Pick<News, 'machine' | 'ramBlockId'>) => boolean,
  ): { readonly number: number; readonly event: ServiceEvent | null } | undefined {
    if (number > this.#count) return { number, event: null };
    const first = this.#indexOf(number);
    if (first < 0) return undefined;
    for (let index = first; index < this.#kept.length; index++) {
      const kept = this.#kept[index] as Kept;
      if (!isWanted(kept)) continue;
      const found = Math.max(number, kept.number);
      return { number: found, event: this.at(found) ?? null };
    }
    return { number: this.#count + 1, event: null };
  }

  /** Keeps what `news` tells, each event with a number of its own; who follows hears of it once. */
  keep(news: News): void {
    const { type, machine, ramBlockId, generation, at } = news;
    // Of one, no list is kept.
    const resource = Array.isArray(news.resource) && news.resource.length === 1 ? news.resource[0] : news.resource;
    const bytes = bytesOf(resource);
    this.#bytes += bytes;
    this.#kept.push({ number: this.#count + 1, bytes, type, machine, ramBlockId, generation, at, resource });
    this.#count += Array.isArray(resource) ? resource.length : 1;
    // Cut in steps, so that a full list is not moved with every event.
    if (this.#count - this.#oldest + 1 >= 2 * this.#limit) {
      this.#forget(this.#indexOf(this.#count - this.#limit + 1));
    }
    if (this.#bytes > this.#limitBytes) this.#makeRoom();
    if (this.#readers.size > TOLD_AT_ONCE) for (const reader of this.#readers) this.callSoon(reader);
    else for (const reader of this.#readers) reader();
  }

  /** Many readers hear of it some at a time, so that whatever else there is to do is done between them. */
  async #callInTurns(): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    while (this.#waiting.size > 0) {
      await setImmediate();
      for (const reader of [...this.#waiting.values().take(TOLD_AT_ONCE)]) {
        // One of those before may have ended it.
        if (this.#waiting.delete(reader)) reader();
      }
    }
    this.#isTelling = false;
  }

  /** Forgets the first `length` news. */
  #forget(length: number): void {
    for (const { bytes } of this.#kept.splice(0, length)) this.#bytes -= bytes;
  }

  /** Forgets the oldest news, until half of the bytes are free: in steps, as for the number of events. */
  #makeRoom(): void {
    let bytes = this.#bytes;
    let length = 0;
    for (const kept of this.#kept.slice(0, -1)) {
      if (bytes <= this.#limitBytes / 2) break;
      bytes -= kept.bytes;
      length++;
    }
    this.#forget(length);
  }

  /** The number of the first event that is there. */
  get #oldest(): number {
    return this.#kept[0]?.number ?? this.#count + 1;
  }

  /** Where among what is kept the event with this number is; -1 where it is not there any more. */
  #indexOf(number: number): number {
    let [low, high] = [0, this.#kept.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#kept[middle]?.number ?? 0) <= number) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Returns about how many bytes a resource takes, by its texts and lists; without looking further than that. */
function bytesOf(resource: object | readonly object[]): number {
  if (Array.isArray(resource)) return resource.reduce((sum: number, each: object) => sum + bytesOf(each), 0);
  let bytes = EVENT_BYTES;
  for (const value of Object.values(resource)) {
    if (typeof value === 'string') bytes += 2 * value.length;
    else if (Array.isArray(value)) bytes += ITEM_BYTES * value.length;
    else if (typeof value === 'object' && value !== null) bytes += bytesOf(value);
    else bytes += FIELD_BYTES;
  }
  return bytes;
}
