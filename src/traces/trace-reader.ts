// A trace as a stream of events. Memory is bounded whatever the file holds: it is read in pieces, and a line that is longer
// than any trace line is skipped without being kept.

import { Problem } from '../errors.ts';
import { printable } from '../printable.ts';
import { simpletraceDelta } from './formats/simpletrace.ts';
import { type PlainLine, PlainLines } from './plain-lines.ts';
import { MEMORY_SLOT_EVENT, type TraceEntry, type UnreadableLine } from './trace-event.ts';
import { parseTraceLine } from './trace-lines.ts';

/** Characters; a longer line is foreign. The longest that the tracers write have a few hundred. */
export const MAX_LINE_LENGTH = 8192;
/** Characters of a line that an error quotes. */
const MAX_QUOTED = 200;

/** Reads one stream once, piece by piece. Its counts are those of what was read so far: to the end of a piece. */
export class TraceReader implements AsyncIterable<TraceEntry> {
  readonly #input: AsyncIterable<Uint8Array>;
  /** The beginning of a line whose end is in a later piece; of one that is too long, just enough to tell. */
  #rest = '';
  /** The first line that names an event and cannot be read: nothing behind it is read. */
  #unreadable: Problem | null = null;
  /** Nanoseconds from the first event on, in simpletrace.py's form; null before an event of that form. */
  #elapsed: number | null = null;
  /** Lines, the foreign ones included. */
  lines = 0;
  /** Lines that are no conversion, nor of the memory layout. */
  foreign = 0;
  /** Whether the last line names an event, cannot be read and has no line feed: it was still being written. It is foreign. */
  cutOff = false;
  /** Bytes taken from the stream. */
  bytes = 0;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#input = input;
  }

  /** @throws Problem `invalid-request` as {@link TraceReader.batches} */
  async *[Symbol.asyncIterator](): AsyncGenerator<TraceEntry> {
    for await (const events of this.batches()) {
      for (const event of events) yield event;
    }
  }

  /**
   * Gives the same events by the pieces of the stream: cheaper for who has nothing to wait for at each.
   * @throws Problem `invalid-request`, after all events before it, at a line that names an event and cannot be read
   */
  async *batches(): AsyncGenerator<readonly TraceEntry[]> {
    for await (const piece of this.#input) {
      this.bytes += piece.length;
      yield this.#eventsOf(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
      if (this.#unreadable !== null) throw this.#unreadable;
    }
    if (this.#rest === '') return;
    const event = this.#take(this.#endOfRest());
    this.cutOff = this.#unreadable !== null;
    if (this.cutOff) this.foreign++;
    if (event !== null) yield [event];
  }

  #eventsOf(piece: Buffer): TraceEntry[] {
    const events: TraceEntry[] = [];
    // Latin-1 takes any byte as it is: junk cannot fail, and trace lines are ASCII.
    const text = piece.toString('latin1');
    const lines = new PlainLines(piece, text);
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const plain = start === 0 ? null : this.#takePlain(lines, start, end);
      const event = plain ?? this.#take(this.#endOfRest() + text.slice(start, end));
      if (this.#unreadable !== null) return events;
      start = end + 1;
      if (event !== null && event !== 'foreign') events.push(event);
    }
    this.#keep(text.slice(start));
    return events;
  }

  /** The kept part of the line that ends now. */
  #endOfRest(): string {
    const rest = this.#rest;
    this.#rest = '';
    return rest;
  }

  /** Keeps the part of a line that ends in a later piece. */
  #keep(part: string): void {
    if (this.#rest.length <= MAX_LINE_LENGTH) this.#rest = (this.#rest + part).slice(0, MAX_LINE_LENGTH + 1);
  }

  /** @returns null, and counts nothing, where it is not for PlainLines to say */
  #takePlain(lines: PlainLines, start: number, end: number): PlainLine {
    // Each line of simpletrace.py has a part of the time, whatever its event.
    if (this.#elapsed !== null || end - start > MAX_LINE_LENGTH) return null;
    const line = lines.parse(start, end, this.lines + 1);
    if (line !== null) this.lines++;
    if (line === 'foreign') this.foreign++;
    return line;
  }

  #take(line: string): TraceEntry | null {
    this.lines++;
    const read = line.length > MAX_LINE_LENGTH ? null : parseTraceLine(line);
    if (read?.event === 'unreadable') {
      this.#unreadable = unreadable(this.lines, read, line);
      return null;
    }
    if (read !== null || this.#elapsed !== null) this.#pass(line);
    if (read === null) {
      this.foreign++;
      return null;
    }
    if (read.event === MEMORY_SLOT_EVENT || this.#elapsed === null || simpletraceDelta(line) === null) {
      return { line: this.lines, ...read };
    }
    return { line: this.lines, ...read, time: { clock: 'boot', seconds: this.#elapsed / 1e9 } };
  }

  /** Lets the time of a line in simpletrace.py's form pass. */
  #pass(line: string): void {
    const delta = simpletraceDelta(line);
    if (delta !== null) this.#elapsed = this.#elapsed === null ? 0 : this.#elapsed + delta;
  }
}

function unreadable(number: number, { name }: UnreadableLine, line: string): Problem {
  const text = Buffer.from(line.replace(/\r$/, ''), 'latin1').toString();
  const quoted = text.length > MAX_QUOTED ? `${printable(text.slice(0, MAX_QUOTED))}...` : printable(text);
  return new Problem('invalid-request', `line ${number} names ${name}, but cannot be read: "${quoted}"`);
}
