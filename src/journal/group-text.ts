// A group of appends as the text that the log keeps of it: see log-text.ts. It is written on the main thread, record by
// record as they are appended, and goes to the journal's thread in one piece.
import { Problem } from '../errors.ts';
import type { Answered, JournalRecord } from './journal.ts';
import type { LoggedAnswer } from './log-text.ts';
import { writeRecord } from './record-text.ts';

/** Characters of one append: V8 has no string of more than 512 Mi, and SQLite no text of more than 10^9 bytes. */
const LONGEST_APPEND = 500_000_000;

/** Where a text stands: what its next lines are of. */
interface Place {
  machine: string | null;
  ramBlockId: string | null;
}

export class GroupText {
  readonly #longest: number;
  #text = '';
  #place: Place = { machine: null, ramBlockId: null };

  /** @param longest characters that one append may have */
  constructor(longest = LONGEST_APPEND) {
    this.#longest = longest;
  }

  /** Characters. */
  get length(): number {
    return this.#text.length;
  }

  /**
   * Adds all of `records`, or, where it throws, none.
   * @param sequence the last one of `machine`; the records follow it
   * @returns the answers among them, as they are kept
   * @throws Problem `payload-too-large` when they are longer than one append may be
   */
  add(machine: string, sequence: number, records: readonly JournalRecord[]): readonly LoggedAnswer[] {
    const place = { ...this.#place };
    const answers: LoggedAnswer[] = [];
    let text = '';
    if (machine !== place.machine) {
      place.machine = machine;
      text += `m ${sequence} ${JSON.stringify(machine)}\n`;
    }
    for (const record of records) {
      if (record.kind === 'answered') {
        const { key, at } = record;
        const json = written(() => JSON.stringify(record));
        answers.push({ key, at, json });
        text += `a${json}\n`;
      } else {
        text += linesOf(record, place);
      }
      if (text.length > this.#longest) throw tooLong(this.#longest);
    }
    this.#text += text;
    this.#place = place;
    return answers;
  }

  /** @returns what was added since it was last taken */
  take(): string {
    const text = this.#text;
    this.#text = '';
    this.#place = { machine: null, ramBlockId: null };
    return text;
  }
}

/** @throws Problem `payload-too-large` */
function linesOf(record: Exclude<JournalRecord, Answered>, place: Place): string {
  let lines = '';
  if (record.ramBlockId !== place.ramBlockId) {
    place.ramBlockId = record.ramBlockId;
    lines += `b ${JSON.stringify(record.ramBlockId)}\n`;
  }
  if (record.kind === 'block-deleted') return `${lines}-\n`;
  return `${lines}${markOf(record)}${written(() => writeRecord(record))}\n`;
}

/** @throws Problem `payload-too-large` where V8 has no string that is long enough */
function written(write: () => string): string {
  try {
    return write();
  } catch (error) {
    throw error instanceof RangeError ? tooLong(LONGEST_APPEND) : error;
  }
}

function tooLong(limit: number): Problem {
  const detail = `what the journal would have to keep of this change is longer than ${limit} characters, which is the limit; make it in parts. Nothing was written`;
  return new Problem('payload-too-large', detail);
}

function markOf(record: Exclude<JournalRecord, Answered>): string | number {
  if (record.kind === 'block-created') return '+';
  return record.kind === 'source-changed' ? record.steps.length : 0;
}
