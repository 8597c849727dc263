// A journal that fails, keeps others waiting or dies when a test says so: what happens around it is what a broken disk, a
// slow one or a crash leaves.

import type { BlockRecord } from '../../src/core/records.ts';
import { Problem } from '../../src/errors.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';

/** What becomes of an append: done; failed; or, with all that follow, never heard of again. The last two also if written. */
export type Fate = 'done' | 'fails' | 'fails-written' | 'lost' | 'lost-written';

export class FaultyJournal implements Journal {
  readonly #inner: Journal;
  /** What every append and every look into the history ends with; null when all is well. */
  fault: Error | null = null;
  /** Asked for every append, with how many there were before it. */
  fate: (appends: number) => Fate = () => 'done';
  /** Whether what is appended is longer than the journal takes. */
  isTooLong: (records: readonly BlockRecord[]) => boolean = () => false;
  appends = 0;
  /** How often it was opened. */
  opened = 0;
  /** Appends that wait for `release`. */
  held = 0;
  #once: Error | null = null;
  #gate: PromiseWithResolvers<void> | null = null;
  #isLost = false;
  /** When the appends came that wait. */
  readonly #waiting: number[] = [];

  constructor(inner: Journal = new MemoryJournal()) {
    this.#inner = inner;
  }

  /** For `startService`: opening fails as everything else does. */
  readonly open = async (): Promise<Journal> => {
    if (this.fault !== null) throw this.fault;
    this.opened++;
    this.#failed = Promise.withResolvers();
    return this;
  };

  /** The next call ends with `fault`, those after it do not. */
  failOnce(fault: Error): void {
    this.#once = fault;
  }

  /** It is of no more use, although nobody uses it. */
  die(): void {
    this.#failed.resolve(new Problem('journal-unavailable', 'its thread is gone'));
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

  append(...append: Parameters<Journal['append']>): Promise<void> {
    const [, , records] = append;
    if (this.isTooLong(records)) throw new Problem('payload-too-large', 'it is too long');
    return this.#append(append);
  }

  async #append(append: Parameters<Journal['append']>): Promise<void> {
    this.#check();
    if (this.#gate !== null) {
      this.held++;
      this.#waiting.push(performance.now());
      await this.#gate.promise;
      this.#waiting.shift();
      this.held--;
    }
    if (this.#isLost) return never();
    const fate = this.fate(this.appends++);
    if (fate === 'done' || fate.endsWith('written')) await this.#inner.append(...append);
    this.#isLost = fate.startsWith('lost');
    if (this.#isLost) return never();
    if (fate.startsWith('fails')) throw new Problem('journal-unavailable', 'the disk is broken');
  }

  async history(...args: Parameters<Journal['history']>): ReturnType<Journal['history']> {
    this.#check();
    return this.#inner.history(...args);
  }

  readonly remark = null;
  #failed = Promise.withResolvers<Problem>();

  get failed(): Promise<Problem> {
    return this.#failed.promise;
  }

  /** The oldest append that waits for `release`. */
  get waitedMs(): number {
    const [oldest] = this.#waiting;
    return oldest === undefined ? 0 : performance.now() - oldest;
  }

  positions: Journal['positions'] = () => this.#inner.positions();
  blocks: Journal['blocks'] = (machine) => this.#inner.blocks(machine);
  saveSnapshot: Journal['saveSnapshot'] = (...args) => this.#inner.saveSnapshot(...args);
  findAnswer: Journal['findAnswer'] = (key) => this.#inner.findAnswer(key);
  forgetAnswers: Journal['forgetAnswers'] = (at) => this.#inner.forgetAnswers(at);
  answerBytes: Journal['answerBytes'] = (owner) => this.#inner.answerBytes(owner);
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
