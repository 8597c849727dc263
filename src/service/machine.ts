// One machine: the unit of order in the journal, and the address spaces that its blocks share.

import type { BlockRecord, NewRecord, RamBlockDefinition } from '../core/records.ts';
import { Problem } from '../errors.ts';
import type { Journal, KeptAnswer } from '../journal/journal.ts';
import { MAX_BYTES } from '../limits.ts';

const NO_RECORDS: readonly NewRecord[] = [];

export interface MachineOptions {
  readonly journal: Journal;
  /** The last sequence that the journal has of it. */
  readonly sequence: number;
  /** Now, ISO 8601. */
  readonly timestamp: () => string;
  readonly onFailure: (problem: Problem) => void;
}

export class Machine {
  readonly name: string;
  readonly #journal: Journal;
  readonly #timestamp: () => string;
  readonly #onFailure: (problem: Problem) => void;
  /** Of the last record appended, whether durable yet or not. */
  #sequence: number;
  /** Why nothing can be appended any more: it was, or is about to be, read back. */
  #closed: Problem | null = null;
  /** Blocks that exist or are being created, by id. */
  readonly #claims = new Map<string, RamBlockDefinition>();

  constructor(name: string, { journal, sequence, timestamp, onFailure }: MachineOptions) {
    this.name = name;
    this.#journal = journal;
    this.#sequence = sequence;
    this.#timestamp = timestamp;
    this.#onFailure = onFailure;
  }

  /**
   * Appends `news` and the answer to keep with them, all or none; resolves when they are durable, in the order of the
   * calls. The records are taken over: they get their time. Where there is nothing to append, nothing is done.
   * @param durable gets the records when they are, and the sequence of the last
   * Throws, where it does not return a promise: nothing was done.
   * @throws Problem `journal-unavailable` or `not-owner`; the machine must be read back then
   */
  append(
    news: readonly NewRecord[],
    answer: KeptAnswer | null,
    durable: (records: readonly BlockRecord[], sequence: number) => void,
  ): Promise<void> {
    const records = stamped(news, this.#timestamp());
    if (records.length === 0 && answer === null) return Promise.resolve();
    if (this.#closed !== null) return Promise.reject(this.#closed);
    const expected = this.#sequence;
    const sequence = expected + records.length;
    const appended = this.#journal.append(this.name, expected, records, answer);
    this.#sequence = sequence;
    return appended
      .then(() => durable(records, sequence))
      .catch((error: unknown) => {
        // Also where what is durable could not be applied: what is in memory is not what the journal has.
        throw this.fail(error);
      });
  }

  /** Nothing is certain any more but what the journal has: all is read back. @returns what to answer */
  fail(error: unknown): Problem {
    const problem = error instanceof Problem ? error : unavailable(error);
    this.#onFailure(problem);
    return problem;
  }

  /** Makes an answer durable that comes with no change. @throws as {@link Machine.append} */
  async keep(answer: KeptAnswer | null): Promise<void> {
    await this.append(NO_RECORDS, answer, () => undefined);
  }

  /** Appends nothing any more: what comes late must not get between those who read back and what they read. */
  close(reason: Problem): void {
    this.#closed = reason;
  }

  /** The blocks that reserve guest physical addresses from `start` to `end` (bytes), ascending. */
  claimsWithin(start: number, end: number): string[] {
    const found = [...this.#claims.values()].flatMap(({ id, gpa, maxLength }) => {
      return gpa !== null && gpa < end && start < gpa + maxLength ? [{ id, gpa }] : [];
    });
    return found.sort((a, b) => a.gpa - b.gpa).map(({ id }) => id);
  }

  /**
   * Takes the idstr, the guest physical addresses and a place in the ram_addr_t space for a block to be.
   * @throws Problem `already-exists`; `invalid-range` when the machine has no room left
   */
  claim(wanted: Omit<RamBlockDefinition, 'ramAddr'>): RamBlockDefinition {
    for (const other of this.#claims.values()) {
      if (other.idstr === wanted.idstr) {
        const detail = `machine ${this.name} has a block with idstr ${JSON.stringify(wanted.idstr)} already: ${other.id}`;
        throw new Problem('already-exists', detail, { ramBlockId: other.id });
      }
      if (overlap(other, wanted)) {
        const detail = `gpa ${wanted.gpa} + ${wanted.maxLength} overlaps block ${other.id} at ${other.gpa} + ${other.maxLength}`;
        throw new Problem('already-exists', detail, { ramBlockId: other.id });
      }
    }
    const definition = { ...wanted, ramAddr: this.#findRoom(wanted.maxLength) };
    this.claimExisting(definition);
    return definition;
  }

  /** As {@link Machine.claim}, for a block that comes back from the journal. */
  claimExisting(definition: RamBlockDefinition): void {
    this.#claims.set(definition.id, definition);
  }

  release(ramBlockId: string): void {
    this.#claims.delete(ramBlockId);
  }

  /** The first place behind all blocks, or between them where the end is reached (QEMU: find_ram_offset). */
  #findRoom(length: number): number {
    const taken = [...this.#claims.values()].sort((a, b) => a.ramAddr - b.ramAddr);
    const behind = taken.reduce((end, block) => Math.max(end, block.ramAddr + block.maxLength), 0);
    if (behind + length <= MAX_BYTES) return behind;
    let candidate = 0;
    for (const block of taken) {
      if (candidate + length <= block.ramAddr) return candidate;
      candidate = block.ramAddr + block.maxLength;
    }
    throw new Problem('invalid-range', `machine ${this.name} has no ${length} bytes left below ${MAX_BYTES} (2^53-1)`);
  }
}

/** `news`, each of which gets its time. */
function stamped(news: readonly (NewRecord & { at?: string })[], at: string): readonly BlockRecord[] {
  for (const record of news) record.at = at;
  return news as readonly BlockRecord[];
}

function overlap(a: Pick<RamBlockDefinition, 'gpa' | 'maxLength'>, b: typeof a): boolean {
  if (a.gpa === null || b.gpa === null) return false;
  return a.gpa < b.gpa + b.maxLength && b.gpa < a.gpa + a.maxLength;
}

function unavailable(error: unknown): Problem {
  return new Problem('journal-unavailable', `the journal cannot be used: ${String(error)}`, { retryAfterSeconds: 1 });
}
