// A group of appends as the text that the log keeps of it: see log-text.ts. It is written on the main thread, record by
// record as they are appended, and goes to the journal's thread in one piece.
import type { Answered, JournalRecord } from './journal.ts';
import { writeRecord } from './record-text.ts';

export class GroupText {
  #text = '';
  #machine: string | null = null;
  #ramBlockId: string | null = null;

  /** Characters. */
  get length(): number {
    return this.#text.length;
  }

  /** @param sequence the last one of `machine`; the records follow it */
  add(machine: string, sequence: number, records: readonly JournalRecord[]): void {
    if (machine !== this.#machine) {
      this.#machine = machine;
      this.#text += `m ${sequence} ${JSON.stringify(machine)}\n`;
    }
    for (const record of records) this.#add(record);
  }

  /** @returns what was added since it was last taken */
  take(): string {
    const text = this.#text;
    this.#text = '';
    this.#machine = null;
    this.#ramBlockId = null;
    return text;
  }

  #add(record: JournalRecord): void {
    if (record.kind === 'answered') {
      this.#text += `a${JSON.stringify(record)}\n`;
      return;
    }
    if (record.ramBlockId !== this.#ramBlockId) {
      this.#ramBlockId = record.ramBlockId;
      this.#text += `b ${JSON.stringify(record.ramBlockId)}\n`;
    }
    if (record.kind === 'block-deleted') this.#text += '-\n';
    else this.#text += `${markOf(record)}${writeRecord(record)}\n`;
  }
}

function markOf(record: Exclude<JournalRecord, Answered>): string | number {
  if (record.kind === 'block-created') return '+';
  return record.kind === 'source-changed' ? record.steps.length : 0;
}
