// A journal over the simulated disk: groups take their time, anything may fail, and then nobody knows what was written.
import { Problem } from '../../src/errors.ts';
import type { Journal, KeptAnswer, PastStep, StoredBlock } from '../../src/journal/journal.ts';
import type { Chance } from '../fuzz/chance.ts';
import { SimulatedJournal } from '../model/simulated-journal.ts';
import type { BookedDisk } from './books.ts';
import type { Events } from './events.ts';
import type { Figures } from './figures.ts';

/** How the disk is just now. */
export interface Weather {
  /** The longest that a commit takes, milliseconds. */
  commitMs: number;
  /** How often an append fails, with all that wait behind it. */
  failing: number;
  /** How often a read, a snapshot or an opening fails. */
  failingReads: number;
}

export interface DiskJournalOptions {
  readonly disk: BookedDisk;
  readonly events: Events;
  readonly chance: () => Chance;
  readonly weather: Weather;
  readonly figures: Figures;
  readonly log: (what: string) => void;
}

export class DiskJournal extends SimulatedJournal {
  readonly #options: DiskJournalOptions;
  readonly #broken = Promise.withResolvers<Problem>();
  override readonly failed = this.#broken.promise;
  #isCommitting = false;
  #isClosed = false;
  #isDead = false;
  /** Appends that it was told are durable. */
  completed = 0;

  constructor(options: DiskJournalOptions) {
    super(options.disk);
    this.#options = options;
  }

  override append(...append: Parameters<Journal['append']>): Promise<void> {
    if (this.#isDead) return never();
    if (this.#isClosed) return Promise.reject(broken('closed'));
    const done = super.append(...append);
    if (!this.#isCommitting) this.#commitSoon();
    return done;
  }

  /** The process is no more; what it still does comes to nothing. @param written appends that are durable nevertheless */
  kill(written: number): void {
    this.write(written);
    this.#isDead = true;
  }

  /** Fails now. @param written appends that are durable nevertheless */
  break(written: number): void {
    const { figures, log } = this.#options;
    const waiting = this.pending.length;
    figures.count('journal failures');
    if (written > 0) figures.count('appends that failed and are durable', written);
    if (waiting > written) figures.count('appends that failed and are lost', waiting - written);
    log(`the journal fails, with ${written} of ${waiting} appends written`);
    this.fail(written);
    this.#broken.resolve(broken('the disk is broken'));
  }

  override async saveSnapshot(ramBlockId: string, sequence: number, bytes: Uint8Array): Promise<void> {
    await this.#read('snapshots that failed');
    if (this.#isClosed) throw broken('closed');
    this.#options.figures.count('snapshots');
    await super.saveSnapshot(ramBlockId, sequence, bytes);
  }

  override async positions(): Promise<ReadonlyMap<string, number>> {
    await this.#read();
    return super.positions();
  }

  override async *blocks(): AsyncIterable<StoredBlock> {
    for await (const block of super.blocks()) {
      await this.#read();
      yield block;
    }
  }

  override async history(...args: Parameters<Journal['history']>): Promise<PastStep[]> {
    await this.#read();
    return super.history(...args);
  }

  override async findAnswer(key: string): Promise<KeptAnswer | null> {
    await this.#read();
    return super.findAnswer(key);
  }

  override close = async (): Promise<void> => {
    this.#isClosed = true;
  };

  /** A group is written: all that waits then, or a part of it. */
  #commitSoon(): void {
    const { events, chance, weather } = this.#options;
    this.#isCommitting = true;
    const commit = (): void => {
      this.#isCommitting = false;
      const waiting = this.pending.length;
      if (waiting === 0 || this.#isClosed) return;
      if (chance().is(weather.failing)) {
        this.break(chance().below(waiting + 1));
        return;
      }
      for (let left = chance().is(0.5) ? waiting : 1 + chance().below(waiting); left > 0; left--) {
        this.#options.log(`durable: ${this.pending[0]?.label}`);
        this.complete();
        this.completed++;
      }
      if (this.pending.length > 0) this.#commitSoon();
    };
    events.after(0.1 + chance().below(weather.commitMs * 10) / 10, commit, true);
  }

  /** @throws Problem now and then */
  async #read(figure = 'reads that failed'): Promise<void> {
    const { events, chance, weather, figures } = this.#options;
    if (this.#isDead) return never();
    const fails = chance().is(weather.failingReads);
    await new Promise<void>((resolve) => events.after(chance().below(20) / 10, resolve, true));
    if (!fails) return;
    figures.count(figure);
    throw broken('a read failed');
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function broken(why: string): Problem {
  return new Problem('journal-unavailable', why, { retryAfterSeconds: 1 });
}
