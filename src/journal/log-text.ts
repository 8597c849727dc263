// The text of the journal's log. A group of appends is a few lines for each, which are written where appends are made (see
// group-text.ts) and read much later, when they are filed. A line holds JSON, which has no line feeds of its own.
//
//     m 41 "default"      what follows is of this machine, after its sequence 41
//     b "blk_01a2..."     and of this block
//     +{"kind":...}       its creation
//     2{"kind":...}       a record that the history finds two conversions in
//     -                   its deletion
//     a{"kind":...}       a stored answer
import type { Answered } from './journal.ts';

/** A record of a block as it is kept. */
export interface LoggedRecord {
  readonly sequence: number;
  /** How many the history finds in it. */
  readonly conversions: number;
  readonly json: string;
}

/** A stored answer as it is kept. */
export interface LoggedAnswer {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly json: string;
}

/** What a group says, line by line. */
export type LogEntry =
  | { readonly kind: 'machine'; readonly machine: string; readonly sequence: number }
  | { readonly kind: 'record' | 'created'; readonly ramBlockId: string; readonly record: LoggedRecord }
  | { readonly kind: 'deleted'; readonly ramBlockId: string; readonly sequence: number }
  | { readonly kind: 'answer'; readonly answer: LoggedAnswer; readonly sequence: number };

export function* readGroup(text: string): Generator<LogEntry> {
  let ramBlockId = '';
  let sequence = 0;
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = text.indexOf('\n', start);
    const mark = text[start];
    if (mark === 'm') {
      const space = text.indexOf(' ', start + 2);
      sequence = Number(text.slice(start + 2, space));
      yield { kind: 'machine', machine: JSON.parse(text.slice(space, end)), sequence };
    } else if (mark === 'b') {
      ramBlockId = JSON.parse(text.slice(start + 2, end));
    } else if (mark === 'a') {
      const json = text.slice(start + 1, end);
      const { key, at }: Answered = JSON.parse(json);
      yield { kind: 'answer', answer: { key, at, json }, sequence: ++sequence };
    } else if (mark === '-') {
      yield { kind: 'deleted', ramBlockId, sequence: ++sequence };
    } else {
      const brace = text.indexOf('{', start);
      const conversions = mark === '+' ? 0 : Number(text.slice(start, brace));
      const record = { sequence: ++sequence, conversions, json: text.slice(brace, end) };
      yield { kind: mark === '+' ? 'created' : 'record', ramBlockId, record };
    }
  }
}
