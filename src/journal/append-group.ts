// A group of appends on its way to the journal's thread, as one flat list: nested objects would be copied one by one.

/** A record on its way to the disk. */
export interface Row {
  readonly ramBlockId: string;
  readonly kind: string;
  /** How many the history finds in it. */
  readonly conversions: number;
  readonly json: string;
}

/** A stored answer on its way to the disk. */
export interface AnswerRow {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly json: string;
}

export interface Append {
  readonly machine: string;
  readonly expectedSequence: number;
  /** In order; each takes a sequence of its own. */
  readonly rows: readonly (Row | AnswerRow)[];
}

export type PackedGroup = readonly (string | number)[];

/** The place of `kind` where the row is an answer. */
const ANSWER = '';

export function packGroup(group: readonly Append[]): PackedGroup {
  const packed: (string | number)[] = [];
  for (const { machine, expectedSequence, rows } of group) {
    packed.push(machine, expectedSequence, rows.length);
    for (const row of rows) {
      if ('key' in row) packed.push(ANSWER, row.key, row.at, row.json);
      else packed.push(row.kind, row.ramBlockId, row.conversions, row.json);
    }
  }
  return packed;
}

export function unpackGroup(packed: PackedGroup): Append[] {
  const group: Append[] = [];
  for (let at = 0; at < packed.length; ) {
    const [machine, expectedSequence, count] = packed.slice(at, at + 3);
    at += 3;
    const rows = Array.from({ length: Number(count) }, (_, index) => rowAt(packed, at + 4 * index));
    at += 4 * rows.length;
    group.push({ machine: String(machine), expectedSequence: Number(expectedSequence), rows });
  }
  return group;
}

function rowAt(packed: PackedGroup, at: number): Row | AnswerRow {
  const [kind, id, number, json] = [packed[at], packed[at + 1], packed[at + 2], packed[at + 3]];
  if (kind === ANSWER) return { key: String(id), at: Number(number), json: String(json) };
  return { kind: String(kind), ramBlockId: String(id), conversions: Number(number), json: String(json) };
}
