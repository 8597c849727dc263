// Data folders of format 7, which are converted when they are opened. There, appends went to a table `log` as texts, and
// from there, many together, to `segments` of a block; both were chains in which each row had the checksum of the one
// before it. All of it is checked as it was checked then.
import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { RamBlockDefinition } from '../core/records.ts';
import { checksumOf, checksumWith, damaged } from './checksums.ts';
import { recordOfFormat7 } from './format-7-records.ts';
import type { KeptAnswer } from './journal.ts';
import { conversionsIn, encodeRecord } from './record-text.ts';
import { type BlockRow, keyOf, type MachineRow, SCHEMA, SqliteTables } from './sqlite-tables.ts';
import { Statements } from './statements.ts';

/** What the first of a chain had before it. */
const NOTHING = 0;
const TABLES = ['log', 'log_end', 'machines', 'blocks', 'segments', 'snapshots', 'answers'];

/** A stored answer as format 7 had it. */
interface OldAnswer {
  readonly key: string;
  readonly fingerprint: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly encoding?: 'deflate';
  readonly at: number;
}

/** Puts the tables of today in the place of those of format 7, within a transaction. @throws Error where it is damaged */
export function convertFormat7(db: DatabaseSync): void {
  db.exec('DROP INDEX answers_by_age');
  for (const table of TABLES) db.exec(`ALTER TABLE ${table} RENAME TO old_${table}`);
  db.exec(SCHEMA);
  new Conversion(new Statements(db)).run();
  for (const table of TABLES) db.exec(`DROP TABLE old_${table}`);
}

class Conversion {
  readonly #old: Statements;
  readonly #tables: SqliteTables;
  readonly #machines = new Map<string, MachineRow>();
  readonly #blocks = new Map<string, BlockRow>();
  /** Bytes of a page of each block: format 7 has the ranges of its records in bytes. */
  readonly #pageSizes = new Map<BlockRow, number>();

  constructor(statements: Statements) {
    this.#old = statements;
    this.#tables = new SqliteTables(statements);
  }

  run(): void {
    for (const { machine, sequence, crc } of this.#old.all('SELECT machine, sequence, crc FROM old_machines')) {
      const [name, last] = [String(machine), Number(sequence)];
      if (checksumOf(name, last) !== crc) throw damaged('the sequence of a machine does not match its checksum');
      this.#machine(name).sequence = last;
    }
    for (const row of this.#old.all('SELECT * FROM old_blocks')) this.#convertBlock(row);
    for (const { key, at, crc, json } of this.#old.all('SELECT key, at, crc, json FROM old_answers ORDER BY at')) {
      const text = String(json);
      if (checksumOf(String(key), Number(at), text) !== crc)
        throw damaged('a stored answer does not match its checksum');
      this.#tables.insertAnswer(answerOf(JSON.parse(text)));
    }
    for (const text of this.#logTexts()) this.#convertGroup(text);
    for (const block of this.#blocks.values()) this.#tables.updateBlock(block);
    for (const machine of this.#machines.values()) this.#tables.updateMachine(machine);
  }

  #machine(name: string): MachineRow {
    const machine = this.#machines.get(name) ?? this.#tables.insertMachine(name);
    this.#machines.set(name, machine);
    return machine;
  }

  #convertBlock(row: Record<string, unknown>): void {
    const [number, id] = [Number(row.number), String(row.block)];
    const snapshot = this.#old.get('SELECT sequence, crc, data FROM old_snapshots WHERE block = ?', number);
    if ((snapshot?.crc ?? NOTHING) !== row.snapshot) throw damaged(`the snapshot of ${id} is missing, or another`);
    const after = Number(snapshot?.sequence ?? 0);
    let block: BlockRow | null = null;
    if (snapshot?.data instanceof Uint8Array) {
      if (checksumWith(snapshot.data, after, id) !== snapshot.crc)
        throw damaged(`the snapshot of ${id} does not match`);
      block = this.#insertBlock(id, blockInSnapshot(snapshot.data));
      const parts = [...SqliteTables.partsOf(snapshot.data)];
      for (const [part, data] of parts.entries()) this.#tables.insertSnapshotPart(block, after, part, data);
      Object.assign(block, { snapshot: after, parts: parts.length });
    }
    let link = Number(row.oldest);
    let last = 0;
    const sql = `SELECT first, last, others, conversions, previous, link, crc, text FROM old_segments
      WHERE block = ? AND last > ? ORDER BY last LIMIT 1`;
    for (
      let segment = this.#old.get(sql, number, -1);
      segment !== undefined;
      segment = this.#old.get(sql, number, last)
    ) {
      const text = String(segment.text);
      const { first, others, conversions, previous, crc } = segment as Record<string, number>;
      const whole = [first, segment.last, others, conversions, previous, segment.link].map(Number);
      if (checksumOf(crc32(text), id, ...whole) !== crc) throw damaged(`records ${first} of ${id} do not match`);
      if (previous !== link) throw damaged(`a segment of ${id} is missing`);
      for (const line of text === '' ? [] : text.split(',\n')) {
        const [sequence, json] = parseLine(line);
        block ??= this.#insertBlock(id, blockInCreation(json));
        this.#insertRecord(block, sequence, json);
      }
      link = Number(segment.link);
      last = Number(segment.last);
    }
    if (link !== row.newest || last !== row.sequence) throw damaged(`the last segment of ${id} is missing`);
  }

  #insertBlock(id: string, { machine, pageSize }: Definition): BlockRow {
    this.#delete(id);
    const block = this.#tables.insertBlock(id, this.#machine(machine));
    this.#pageSizes.set(block, pageSize);
    this.#blocks.set(id, block);
    return block;
  }

  /** The rest of a deleted block is removed later, as that of any other. */
  #delete(id: string): void {
    const block = this.#blocks.get(id);
    if (block === undefined) return;
    block.deleted = true;
    this.#tables.updateBlock(block);
    this.#blocks.delete(id);
  }

  #insertRecord(block: BlockRow, sequence: number, json: string): void {
    const record = recordOfFormat7(JSON.parse(json), this.#pageSizes.get(block) ?? 0);
    const conversions = conversionsIn(record);
    // Records that a snapshot contains are of use to the history only.
    if (sequence <= block.snapshot && conversions === 0) return;
    const { newest, total } = conversions === 0 ? { newest: 0, total: 0 } : block;
    const row = { sequence, conversions, total: total + conversions, earlier: newest, ...encodeRecord(record) };
    const key = this.#tables.insertRecord(block, row);
    if (conversions > 0) Object.assign(block, { newest: key.number, total: key.total });
    block.machine.records++;
    block.machine.keys += keyOf(key);
  }

  /** Returns the texts of the groups that were not filed, oldest first. */
  #logTexts(): string[] {
    const end = this.#old.get('SELECT number, crc, filed, filed_crc FROM old_log_end');
    if (end === undefined) throw damaged('the end of the log is missing');
    let [number, crc] = [Number(end.filed), Number(end.filed_crc)];
    const texts = this.#old.all('SELECT number, previous, crc, text FROM old_log ORDER BY number').map((row) => {
      const text = String(row.text);
      if (row.number !== number + 1 || row.previous !== crc) throw damaged(`a row before ${row.number} of the log`);
      number++;
      crc = checksumWith(text, number, crc);
      if (crc !== row.crc) throw damaged(`row ${number} of the log does not match its checksum`);
      return text;
    });
    if (number !== end.number || crc !== end.crc) throw damaged('the last rows of the log are missing');
    return texts;
  }

  /**
   * A group of appends, a line for each: `m 41 "name"` the machine and its last sequence; `b "id"` the block; then `+` and
   * the record that creates it, a number of conversions and a record, `-` its deletion, `a` and a stored answer.
   */
  #convertGroup(text: string): void {
    let machine: MachineRow | null = null;
    let id = '';
    for (const line of text.split('\n').slice(0, -1)) {
      const [mark] = line;
      if (mark === 'm') {
        const space = line.indexOf(' ', 2);
        machine = this.#machine(JSON.parse(line.slice(space)));
        if (machine.sequence !== Number(line.slice(2, space))) throw damaged(`the log has ${machine.name} elsewhere`);
      } else if (mark === 'b') {
        id = JSON.parse(line.slice(2));
      } else if (machine === null) {
        throw damaged('the log does not say of which machine a record is');
      } else {
        machine.sequence++;
        if (mark === 'a') this.#tables.insertAnswer(answerOf(JSON.parse(line.slice(1))));
        else this.#convertLine(machine, id, mark, line.slice(line.indexOf('{')));
      }
    }
  }

  #convertLine(machine: MachineRow, id: string, mark: string | undefined, json: string): void {
    if (mark === '+') this.#insertBlock(id, blockInCreation(json));
    const block = this.#blocks.get(id);
    if (block === undefined) throw damaged(`the log names block ${id}, which the journal does not have`);
    if (mark === '-') this.#delete(id);
    else this.#insertRecord(block, machine.sequence, json);
  }
}

function parseLine(line: string): [sequence: number, json: string] {
  const first = line.indexOf(',');
  return [Number(line.slice(0, first)), line.slice(line.indexOf(',', first + 1) + 1)];
}

/** What a block was created with. */
type Definition = Pick<RamBlockDefinition, 'machine' | 'pageSize'>;

function blockInCreation(json: string): Definition {
  const { block } = JSON.parse(json) as { readonly block?: Definition };
  if (block?.machine === undefined) throw damaged('the records of a block do not start with its creation');
  return block;
}

function blockInSnapshot(data: Uint8Array): Definition {
  return (JSON.parse(new TextDecoder().decode(data)) as { readonly block: Definition }).block;
}

/** The key of an answer had its owner before a dot; the HTTP room wrote its head and its body as they are here. */
function answerOf({ key, fingerprint, at, body, ...head }: OldAnswer): KeptAnswer {
  const dot = key.indexOf('.');
  const { status, headers, encoding } = head;
  const bytes = Buffer.from(body, encoding === undefined ? 'utf8' : 'base64');
  const content = Buffer.concat([Buffer.from(`${JSON.stringify({ status, headers, encoding })}\n`), bytes]);
  return { key: key.slice(dot + 1), owner: key.slice(0, Math.max(0, dot)), fingerprint, at, content };
}
