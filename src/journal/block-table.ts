// The blocks as they are filed: of each its last record, its snapshot and its segments.
import { checksumWith, damaged, NOTHING } from './checksums.ts';
import type { UnfiledBlock } from './log-tail.ts';
import { type Chain, SegmentTable } from './segment-table.ts';
import type { Statements } from './statements.ts';

interface Head extends Chain {
  /** The checksum of its snapshot. */
  snapshot: number;
}

export interface FiledBlock {
  readonly snapshot: Uint8Array | null;
  /** The last sequence that is in the snapshot. */
  readonly after: number;
  /** Of the segments that have records after it, oldest first; to be read once. */
  readonly texts: Iterable<string>;
}

export class BlockTable {
  readonly #statements: Statements;
  readonly #heads = new Map<string, Head>();
  readonly segments: SegmentTable;

  /** @throws Error where there is anything of a block that is missing */
  constructor(statements: Statements) {
    this.#statements = statements;
    this.segments = new SegmentTable(statements);
    for (const row of statements.iterate('SELECT number, block, sequence, oldest, newest, snapshot FROM blocks')) {
      const [number, sequence, ramBlockId] = [Number(row.number), Number(row.sequence), String(row.block)];
      const [oldest, newest, snapshot] = [Number(row.oldest), Number(row.newest), Number(row.snapshot)];
      this.#heads.set(ramBlockId, { number, ramBlockId, sequence, oldest, newest, snapshot });
    }
    const numbers = new Set(Array.from(this.#heads.values(), ({ number }) => number));
    for (const table of ['segments', 'snapshots']) {
      // From one block to the next, without looking at what is between.
      const next = `SELECT block FROM ${table} WHERE block > ? ORDER BY block LIMIT 1`;
      for (let row = statements.get(next, -1); row !== undefined; row = statements.get(next, Number(row.block))) {
        if (!numbers.has(Number(row.block))) throw damaged(`there are ${table} of a block that is missing`);
      }
    }
  }

  ids(): Iterable<string> {
    return this.#heads.keys();
  }

  get(ramBlockId: string): Chain | undefined {
    return this.#heads.get(ramBlockId);
  }

  /** @throws Error on damaged rows */
  load(ramBlockId: string): FiledBlock {
    const head = this.#heads.get(ramBlockId);
    if (head === undefined) return { snapshot: null, after: -1, texts: [] };
    const row = this.#statements.get('SELECT sequence, crc, data FROM snapshots WHERE block = ?', head.number);
    if ((row?.crc ?? NOTHING) !== head.snapshot) throw damaged(`the snapshot of ${ramBlockId} is missing, or another`);
    const after = Number(row?.sequence ?? -1);
    const snapshot = row?.data instanceof Uint8Array ? row.data : null;
    if (row !== undefined && checksumWith(snapshot ?? '', after, ramBlockId) !== row.crc) {
      throw damaged(`the snapshot of ${ramBlockId} does not match its checksum`);
    }
    return { snapshot, after, texts: this.segments.textsAfter(head, after) };
  }

  /** Files what the log says of a block. */
  file(ramBlockId: string, { replaced, exists, records }: UnfiledBlock): void {
    if (replaced) this.#remove(ramBlockId);
    if (!exists) return;
    const head = this.#heads.get(ramBlockId) ?? this.#create(ramBlockId);
    const after = this.#savedAt(head);
    // What a snapshot was made of is of use only to the history.
    const kept = records.filter(({ sequence, conversions }) => sequence > after || conversions > 0);
    this.segments.append(head, kept);
    this.#write(head);
  }

  /** Of a block that is filed; in a transaction of its own. @throws Error when nothing was changed */
  saveSnapshot(ramBlockId: string, sequence: number, data: Uint8Array): void {
    const known = this.#heads.get(ramBlockId);
    // What came after an older one may be forgotten already.
    if (known === undefined || sequence < this.#savedAt(known)) return;
    const head = { ...known, snapshot: checksumWith(data, sequence, ramBlockId) };
    this.#statements.transaction(() => {
      const sql = 'INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)';
      this.#statements.run(sql, head.number, sequence, head.snapshot, data);
      this.segments.forget(head, sequence);
      this.#write(head);
    });
    this.#heads.set(ramBlockId, head);
  }

  /** The last sequence that is in its snapshot. */
  #savedAt({ number }: Head): number {
    return Number(this.#statements.get('SELECT sequence FROM snapshots WHERE block = ?', number)?.sequence ?? -1);
  }

  #create(ramBlockId: string): Head {
    const number = this.#statements.run(
      'INSERT INTO blocks VALUES (NULL, ?, 0, ?, ?, ?)',
      ramBlockId,
      NOTHING,
      NOTHING,
      NOTHING,
    );
    const head = { number, ramBlockId, sequence: 0, oldest: NOTHING, newest: NOTHING, snapshot: NOTHING };
    this.#heads.set(ramBlockId, head);
    return head;
  }

  #write({ sequence, oldest, newest, snapshot, number }: Head): void {
    const sql = 'UPDATE blocks SET sequence = ?, oldest = ?, newest = ?, snapshot = ? WHERE number = ?';
    this.#statements.run(sql, sequence, oldest, newest, snapshot, number);
  }

  #remove(ramBlockId: string): void {
    const head = this.#heads.get(ramBlockId);
    if (head === undefined) return;
    this.segments.removeAll(head);
    this.#statements.run('DELETE FROM snapshots WHERE block = ?', head.number);
    this.#statements.run('DELETE FROM blocks WHERE number = ?', head.number);
    this.#heads.delete(ramBlockId);
  }
}
