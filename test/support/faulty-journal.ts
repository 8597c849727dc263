// A journal that fails, keeps others waiting or dies when a test says so: what happens around it is what a broken disk, a
// slow one or a crash leaves.
import { Problem } from '../../src/errors.ts';
import type { Journal, JournalRecord } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';

/** What becomes of an append: done; failed; or, with all that follow, never heard of again. The last two also if written. */
export type Fate = 'done' | 'fails' | 'fails-written' | 'lost' | 'lost-written';

export class FaultyJournal implements Journal {
  readonly #inner: Journal;
  /** What every append and every look into the history ends with; null when all is well. */
  fault: Error | null = null;
  /** Asked for every append, with how many there were before it. */
  fate: (appends: number) => Fate = () => 'done';
  appends = 0;
  /** Appends that wait for `release`. */
  held = 0;
  #once: Error | null = null;
  #gate: PromiseWithResolvers<void> | null = null;
  #isLost = false;

  constructor(inner: Journal = new MemoryJournal()) {
    this.#inner = inner;
  }

  /** For `startService`: opening fails as everything else does. */
  readonly open = async (): Promise<Journal> => {
    if (this.fault !== null) throw this.fault;
    return this;
  };

  /** The next call ends with `fault`, those after it do not. */
  failOnce(fault: Error): void {
    this.#once = fault;
  }

  /** From now on appends wait. */
  hold(): void {
    this.#gate ??= Promise.withResolvers();
  }

  release(): void {
    this.letOthersPass()();
  }

  /** Appends that come from now on do not wait. @returns a function that releases those which do */
  letOthersPass(): () => void {
    const gate = this.#gate;
    this.#gate = null;
    return () => gate?.resolve();
  }

  async append(machine: string, expectedSequence: number, records: readonly JournalRecord[]): Promise<void> {
    this.#check();
    if (this.#gate !== null) {
      this.held++;
      await this.#gate.promise;
      this.held--;
    }
    if (this.#isLost) return never();
    const fate = this.fate(this.appends++);
    if (fate === 'done' || fate.endsWith('written')) await this.#inner.append(machine, expectedSequence, records);
    this.#isLost = fate.startsWith('lost');
    if (this.#isLost) return never();
    if (fate.startsWith('fails')) throw new Problem('journal-unavailable', 'the disk is broken');
  }

  async history(...args: Parameters<Journal['history']>): ReturnType<Journal['history']> {
    this.#check();
    return this.#inner.history(...args);
  }

  readonly remark = null;
  positions: Journal['positions'] = () => this.#inner.positions();
  blocks: Journal['blocks'] = () => this.#inner.blocks();
  saveSnapshot: Journal['saveSnapshot'] = (...args) => this.#inner.saveSnapshot(...args);
  findAnswer: Journal['findAnswer'] = (key) => this.#inner.findAnswer(key);
  forgetAnswers: Journal['forgetAnswers'] = (at) => this.#inner.forgetAnswers(at);
  close: Journal['close'] = () => this.#inner.close();

  /** @throws the fault that a test asked for */
  #check(): void {
    const fault = this.#once ?? this.fault;
    this.#once = null;
    if (fault !== null) throw fault;
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
