// The log: a row for each group that was committed, until it is filed. Each row carries the checksum of the one before it,
// and `log_end` says which is the last and which were filed, so that none can be missing.
import { checksumWith, damaged, NOTHING } from './checksums.ts';
import type { Statements } from './statements.ts';

export class LogTable {
  readonly #statements: Statements;
  /** Of the last row. */
  #number = 0;
  #crc = NOTHING;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** The texts of all rows, oldest first. @throws Error where one is missing or not what was written */
  read(): string[] {
    const end = this.#statements.get('SELECT number, crc, filed, filed_crc FROM log_end');
    if (end === undefined) throw damaged('the end of the log is missing');
    this.#number = Number(end.filed);
    this.#crc = Number(end.filed_crc);
    const texts: string[] = [];
    for (const row of this.#statements.iterate('SELECT number, previous, crc, text FROM log ORDER BY number')) {
      const number = Number(row.number);
      if (number !== this.#number + 1 || row.previous !== this.#crc) throw damaged(`a row before ${number} of the log`);
      const text = String(row.text);
      this.#crc = checksumWith(text, number, this.#crc);
      this.#number = number;
      if (this.#crc !== row.crc) throw damaged(`row ${number} of the log does not match its checksum`);
      texts.push(text);
    }
    if (this.#number !== end.number || this.#crc !== end.crc) throw damaged('the last rows of the log are missing');
    return texts;
  }

  append(text: string): void {
    const previous = this.#crc;
    this.#number++;
    this.#crc = checksumWith(text, this.#number, previous);
    this.#statements.run('INSERT INTO log VALUES (?, ?, ?, ?)', this.#number, previous, this.#crc, text);
    this.#statements.run('UPDATE log_end SET number = ?, crc = ?', this.#number, this.#crc);
  }

  /** All of it is filed. */
  empty(): void {
    this.#statements.run('DELETE FROM log');
    this.#statements.run('UPDATE log_end SET filed = number, filed_crc = crc');
  }
}
