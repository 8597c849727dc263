// A trace as a stream of conversions. Memory is bounded whatever the file holds: it is read in pieces, and a line that is
// longer than any trace line is skipped without being kept.
import { type PlainLine, PlainLines } from './plain-lines.ts';
import { isDamagedConversion, parseTraceLine, type TraceEvent } from './trace-lines.ts';

/** Characters; a longer line is foreign. The longest that the tracers write have a few hundred. */
export const MAX_LINE_LENGTH = 8192;

/** Reads one stream once, piece by piece. Its counts are those of what was read so far: to the end of a piece. */
export class TraceReader implements AsyncIterable<TraceEvent> {
  readonly #input: AsyncIterable<Uint8Array>;
  /** The beginning of a line whose end is in a later piece; of one that is too long, just enough to tell. */
  #rest = '';
  /** Lines, the foreign ones included. */
  lines = 0;
  /** Lines that are no conversion. */
  foreign = 0;
  /** Those of them that were to be one, and the first of those. */
  damaged = 0;
  firstDamaged: number | null = null;
  /** Bytes taken from the stream. */
  bytes = 0;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#input = input;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TraceEvent> {
    for await (const events of this.batches()) {
      for (const event of events) yield event;
    }
  }

  /** The same events by the pieces of the stream, whose lines are read then: cheaper for who has nothing to wait for at each. */
  async *batches(): AsyncGenerator<readonly TraceEvent[]> {
    for await (const piece of this.#input) {
      this.bytes += piece.length;
      yield this.#eventsOf(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
    }
    if (this.#rest !== '') yield this.#eventsOf(Buffer.from('\n'));
  }

  #eventsOf(piece: Buffer): TraceEvent[] {
    const events: TraceEvent[] = [];
    // Latin-1 takes any byte as it is: junk cannot fail, and trace lines are ASCII.
    const text = piece.toString('latin1');
    const lines = new PlainLines(piece, text);
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const plain = start === 0 ? null : this.#takePlain(lines, start, end);
      const event = plain ?? this.#take(this.#endOfRest() + text.slice(start, end));
      start = end + 1;
      if (event !== null && event !== 'foreign') events.push(event);
    }
    this.#keep(text.slice(start));
    return events;
  }

  /** What was kept of the line that ends now. */
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
    const line = end - start > MAX_LINE_LENGTH ? null : lines.parse(start, end, this.lines + 1);
    if (line !== null) this.lines++;
    if (line === 'foreign') this.foreign++;
    return line;
  }

  #take(line: string): TraceEvent | null {
    this.lines++;
    const isTooLong = line.length > MAX_LINE_LENGTH;
    const conversion = isTooLong ? null : parseTraceLine(line);
    if (conversion !== null) return { line: this.lines, ...conversion };
    this.foreign++;
    if (!isTooLong && isDamagedConversion(line)) {
      this.damaged++;
      this.firstDamaged ??= this.lines;
    }
    return null;
  }
}
