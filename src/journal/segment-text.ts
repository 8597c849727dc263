// The text of a segment: the records of a block that follow each other, a line for each. Between brackets it is JSON: a
// list of the sequence, the number of conversions and the record of each in turn. Segments are read one by one: all of a
// block may be longer than any string.
import type { LoggedRecord } from './log-text.ts';

const BETWEEN = ',\n';

export function writeSegment(records: readonly LoggedRecord[]): string {
  return records.map(({ sequence, conversions, json }) => `${sequence},${conversions},${json}`).join(BETWEEN);
}

export function readSegment(text: string): LoggedRecord[] {
  return text === '' ? [] : text.split(BETWEEN).map(readLine);
}

function readLine(line: string): LoggedRecord {
  const first = line.indexOf(',');
  const second = line.indexOf(',', first + 1);
  const conversions = Number(line.slice(first + 1, second));
  return { sequence: Number(line.slice(0, first)), conversions, json: line.slice(second + 1) };
}

/** The records of a segment after `sequence`, parsed, oldest first. */
export function parseSegment(text: string, sequence: number): unknown[] {
  const values: unknown[] = JSON.parse(`[${text}]`);
  const records: unknown[] = [];
  for (let at = 0; at < values.length; at += 3) {
    if (Number(values[at]) > sequence) records.push(values[at + 2]);
  }
  return records;
}

const MOST_RECORDS = 1000;
const MOST_CHARACTERS = 256 * 1024;

/** Cuts records into as many as one segment each may have: a large record is alone. */
export function* cutIntoSegments(records: readonly LoggedRecord[]): Generator<readonly LoggedRecord[]> {
  let start = 0;
  let length = 0;
  for (const [index, { json }] of records.entries()) {
    length += json.length;
    if (index > start && (length > MOST_CHARACTERS || index - start === MOST_RECORDS)) {
      yield records.slice(start, index);
      start = index;
      length = json.length;
    }
  }
  if (start < records.length) yield records.slice(start);
}
