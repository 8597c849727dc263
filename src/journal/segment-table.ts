// The records of the blocks, many in a row: in a segment. The segments of a block are a chain: each carries the link of
// the one before it, and the block those of its ends, so that none can be missing or be another.
import { crc32 } from 'node:zlib';
import { checksumOf, damaged } from './checksums.ts';
import { HISTORY_LIMIT } from './journal.ts';
import type { LoggedRecord } from './log-text.ts';
import { cutIntoSegments, readSegment, writeSegment } from './segment-text.ts';
import type { Statements } from './statements.ts';

/** The block that segments are of. */
export interface Chain {
  readonly number: number;
  readonly ramBlockId: string;
  /** Of its last record. */
  sequence: number;
  /** What the first segment has before it. */
  oldest: number;
  /** The link of the last segment. */
  newest: number;
}

interface Segment {
  /** Sequences of its first and last record. */
  readonly first: number;
  readonly last: number;
  /** Records without conversions. */
  readonly others: number;
  readonly conversions: number;
  readonly previous: number;
  /** A checksum of it as it was first written: what is forgotten of it later leaves the chain as it is. */
  readonly link: number;
}

/** The newest segment is written anew with what follows, while it is shorter than this and no longer than that. */
export const SHORT = 16 * 1024;
/** Characters that a line has beside the record, at most. */
const BESIDE = 24;
const SEGMENT = 'SELECT first, last, others, conversions, previous, link, crc, text FROM segments WHERE block = ?';

export class SegmentTable {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  append(chain: Chain, records: readonly LoggedRecord[]): void {
    const all = this.#takeShort(chain, records);
    for (const some of cutIntoSegments(all)) {
      const text = writeSegment(some);
      const [first, last] = [some[0]?.sequence ?? 0, some.at(-1)?.sequence ?? 0];
      const checksum = crc32(text);
      const link = checksumOf(chain.newest, chain.ramBlockId, first, last, checksum);
      this.#write(chain, { first, last, previous: chain.newest, link, ...countsOf(some) }, text, checksum);
      chain.newest = link;
      chain.sequence = last;
    }
  }

  /**
   * The texts of the segments with records after `sequence`, oldest first, each read when it is asked for.
   * @throws Error where any segment is missing
   */
  *textsAfter(chain: Chain, sequence: number): Generator<string, void> {
    this.#checkChain(chain);
    for (let last = sequence; last < chain.sequence; ) {
      const row = this.#statements.get(`${SEGMENT} AND last > ? ORDER BY last LIMIT 1`, chain.number, last);
      if (row === undefined) throw damaged(`the last segment of ${chain.ramBlockId} is missing`);
      yield textOf(chain, row);
      last = Number(row.last);
    }
  }

  /** Records with conversions up to `last`, newest first. */
  *newestFirst(chain: Chain, last: number): Generator<LoggedRecord> {
    const sql = `${SEGMENT} AND first <= ? AND conversions > 0 ORDER BY last DESC`;
    for (const row of this.#statements.iterate(sql, chain.number, last)) {
      for (const record of readSegment(textOf(chain, row)).reverse()) {
        if (record.sequence <= last && record.conversions > 0) yield record;
      }
    }
  }

  /**
   * Forgets what nobody asks for once the state after the record at `sequence` is kept: of what is before, all but the
   * conversions of the history. The last segment stays as it is.
   */
  forget(chain: Chain, sequence: number): void {
    const segments = this.#segments(chain);
    const covered = segments.slice(0, -1).filter(({ last }) => last <= sequence);
    let left = segments.reduce((sum, { conversions }) => sum + conversions, 0);
    const beyond = covered.findIndex(({ conversions }) => {
      left -= conversions;
      return conversions > 0 && left < HISTORY_LIMIT;
    });
    const gone = covered.slice(0, beyond < 0 ? undefined : beyond);
    const newestGone = gone.at(-1);
    if (newestGone !== undefined) {
      this.#statements.run('DELETE FROM segments WHERE block = ? AND last <= ?', chain.number, newestGone.last);
      chain.oldest = newestGone.link;
    }
    for (const segment of covered.slice(gone.length)) {
      if (segment.others > 0) this.#forgetOthers(chain, segment);
    }
  }

  removeAll(chain: Chain): void {
    this.#statements.run('DELETE FROM segments WHERE block = ?', chain.number);
  }

  /** Takes out the newest segments where they are short, so that reading does not come to meet ever more of them. */
  #takeShort(chain: Chain, records: readonly LoggedRecord[]): readonly LoggedRecord[] {
    let all = records;
    let length = records.reduce((sum, { json }) => sum + json.length + BESIDE, 0);
    const sql =
      'SELECT last, previous, octet_length(text) AS bytes FROM segments WHERE block = ? ORDER BY last DESC LIMIT 1';
    for (;;) {
      const newest = this.#statements.get(sql, chain.number);
      if (newest === undefined || Number(newest.bytes) >= Math.min(SHORT, length)) return all;
      const row = this.#statements.get(`${SEGMENT} AND last = ?`, chain.number, Number(newest.last));
      // What is damaged is left where it is: whoever reads it is told.
      if (row === undefined || row.link !== chain.newest || !isAsWritten(chain, row)) return all;
      all = [...readSegment(String(row.text)), ...all];
      length += Number(newest.bytes);
      this.#statements.run('DELETE FROM segments WHERE block = ? AND last = ?', chain.number, Number(newest.last));
      chain.newest = Number(newest.previous);
    }
  }

  #forgetOthers(chain: Chain, segment: Segment): void {
    const row = this.#statements.get(`${SEGMENT} AND last = ?`, chain.number, segment.last);
    if (row === undefined || !isAsWritten(chain, row)) return;
    const kept = readSegment(String(row.text)).filter(({ conversions }) => conversions > 0);
    const text = writeSegment(kept);
    this.#write(chain, { ...segment, others: 0 }, text, crc32(text));
  }

  #write(chain: Chain, segment: Segment, text: string, checksum: number): void {
    const { first, last, others, conversions, previous, link } = segment;
    const crc = checksumOfSegment(chain, segment, checksum);
    const sql = 'INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)';
    this.#statements.run(sql, chain.number, last, first, others, conversions, previous, link, crc, text);
  }

  #segments({ number }: Chain): Segment[] {
    const sql = 'SELECT first, last, others, conversions, previous, link FROM segments WHERE block = ? ORDER BY last';
    return this.#statements.all(sql, number).map(segmentOf);
  }

  #checkChain({ number, ramBlockId, sequence, oldest, newest }: Chain): void {
    // Beside MAX, `link` is that of the row that has it.
    const found = this.#statements.get(
      `SELECT MAX(last) AS last, link, SUM(previous <> before) AS broken FROM (
         SELECT last, previous, link, LAG(link, 1, ?) OVER (ORDER BY last) AS before FROM segments WHERE block = ?
       )`,
      oldest,
      number,
    );
    if (found?.broken !== 0) throw damaged(`a segment of ${ramBlockId} is missing`);
    if (found.link !== newest || found.last !== sequence) throw damaged(`the last segment of ${ramBlockId} is missing`);
  }
}

function countsOf(records: readonly LoggedRecord[]): Pick<Segment, 'others' | 'conversions'> {
  let [others, all] = [0, 0];
  for (const { conversions } of records) {
    all += conversions;
    if (conversions === 0) others++;
  }
  return { others, conversions: all };
}

function segmentOf(row: Record<string, unknown>): Segment {
  const [first, last, others] = [Number(row.first), Number(row.last), Number(row.others)];
  const [conversions, previous, link] = [Number(row.conversions), Number(row.previous), Number(row.link)];
  return { first, last, others, conversions, previous, link };
}

/** @throws Error where the row is not what was written */
function textOf(chain: Chain, row: Record<string, unknown>): string {
  if (isAsWritten(chain, row)) return String(row.text);
  throw damaged(`records ${row.first} to ${row.last} of ${chain.ramBlockId} do not match their checksum`);
}

function isAsWritten(chain: Chain, row: Record<string, unknown>): boolean {
  return checksumOfSegment(chain, segmentOf(row), crc32(String(row.text))) === row.crc;
}

function checksumOfSegment({ ramBlockId }: Chain, segment: Segment, checksumOfText: number): number {
  const { first, last, others, conversions, previous, link } = segment;
  return checksumOf(checksumOfText, ramBlockId, first, last, others, conversions, previous, link);
}
