// A trace as a stream of conversions. Memory is bounded whatever the file holds: it is read in pieces, and a line that is
// longer than any trace line is skipped without being kept.
import { isDamagedConversion, parseTraceLine, type TraceConversion } from './trace-lines.ts';

/** Characters; a longer line is foreign. The longest that the tracers write have a few hundred. */
export const MAX_LINE_LENGTH = 8192;

/** A conversion and the number of its line, counted from 1. */
export interface TraceEvent extends TraceConversion {
  readonly line: number;
}

/** Reads one stream once. Its counts are those of what was read so far. */
export class TraceReader implements AsyncIterable<TraceEvent> {
  readonly #input: AsyncIterable<Uint8Array>;
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
    let rest = '';
    let tooLong = false;
    for await (const piece of this.#input) {
      this.bytes += piece.length;
      // Latin-1 takes any byte as it is: junk cannot fail, and trace lines are ASCII.
      const text = Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('latin1');
      let start = 0;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        const event = this.#take(tooLong ? null : rest + text.slice(start, end));
        rest = '';
        tooLong = false;
        start = end + 1;
        if (event !== null) yield event;
      }
      if (!tooLong) rest += text.slice(start);
      if (rest.length > MAX_LINE_LENGTH) {
        rest = '';
        tooLong = true;
      }
    }
    const event = rest !== '' || tooLong ? this.#take(tooLong ? null : rest) : null;
    if (event !== null) yield event;
  }

  #take(line: string | null): TraceEvent | null {
    this.lines++;
    const conversion = line === null || line.length > MAX_LINE_LENGTH ? null : parseTraceLine(line);
    if (conversion === null) {
      this.foreign++;
      if (line !== null && line.length <= MAX_LINE_LENGTH && isDamagedConversion(line)) {
        this.damaged++;
        this.firstDamaged ??= this.lines;
      }
      return null;
    }
    return { line: this.lines, ...conversion };
  }
}
