// A journal that fails or stops on command: what happens around it is what a crash or a broken disk leaves.
import { Problem } from '../../src/errors.ts';
import type { Journal, JournalRecord } from '../../src/journal/journal.ts';

/** What becomes of an append: done; failed, with or without having been written; or never heard of again. */
export type Fate = 'done' | 'fails' | 'fails-written' | 'lost' | 'lost-written';

/** Everything but appends is passed on. */
export class FaultyJournal implements Journal {
  readonly #inner: Journal;
  /** Asked for every append, with how many there were before it. */
  fate: (appends: number) => Fate = () => 'done';
  appends = 0;

  constructor(inner: Journal) {
    this.#inner = inner;
  }

  async append(machine: string, expectedSequence: number, records: readonly JournalRecord[]): Promise<void> {
    const fate = this.fate(this.appends++);
    if (fate === 'done' || fate.endsWith('written')) await this.#inner.append(machine, expectedSequence, records);
    if (fate.startsWith('lost')) await new Promise(() => undefined);
    if (fate.startsWith('fails')) throw new Problem('journal-unavailable', 'the disk is broken');
  }

  positions: Journal['positions'] = () => this.#inner.positions();
  blocks: Journal['blocks'] = () => this.#inner.blocks();
  saveSnapshot: Journal['saveSnapshot'] = (...args) => this.#inner.saveSnapshot(...args);
  history: Journal['history'] = (...args) => this.#inner.history(...args);
  findAnswer: Journal['findAnswer'] = (key) => this.#inner.findAnswer(key);
  forgetAnswers: Journal['forgetAnswers'] = (at) => this.#inner.forgetAnswers(at);
  close: Journal['close'] = () => this.#inner.close();
}
