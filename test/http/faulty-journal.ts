// A journal in memory that fails, or keeps others waiting, when a test says so.
import type { Conversion } from '../../src/core/records.ts';
import type { Journal, JournalRecord } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';

export class FaultyJournal extends MemoryJournal {
  /** What every call ends with; null when all is well. */
  fault: Error | null = null;
  /** Appends that wait for `release`. */
  held = 0;
  #once: Error | null = null;
  #gate: PromiseWithResolvers<void> | null = null;

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

  override async append(machine: string, expectedSequence: number, records: readonly JournalRecord[]): Promise<void> {
    this.#check();
    if (this.#gate !== null) {
      this.held++;
      await this.#gate.promise;
      this.held--;
    }
    return super.append(machine, expectedSequence, records);
  }

  override async history(ramBlockId: string, before: number, limit: number): Promise<Conversion[]> {
    this.#check();
    return super.history(ramBlockId, before, limit);
  }

  /** @throws the fault that a test asked for */
  #check(): void {
    const fault = this.#once ?? this.fault;
    this.#once = null;
    if (fault !== null) throw fault;
  }
}
