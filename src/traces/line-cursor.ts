// A place in the bytes of a line that moves over what is expected there, in either direction.

const [DIGIT_0, DIGIT_9] = [0x30, 0x39];

/** By byte; -1 for what is no digit. These digits are as good as random: a table is faster than to compare. */
const HEX_DIGITS = Int8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? -1 : value;
});
/** A number of so many digits is below 2^53, so that adding them up is exact. */
const [MAX_HEX_DIGITS, MAX_DIGITS] = [13, 15];
/** So many fit an integer of the processor. */
const FAST_HEX_DIGITS = 7;

/**
 * Text of four characters or more. It is compared eight at a time where there are as many, as doubles: two of them are
 * equal where all their bits are, for no text makes one that is no number, or a zero.
 */
export class Word {
  readonly length: number;
  readonly #view: DataView;
  /** Its first characters and its last ones, eight or four. */
  readonly #head: number;
  readonly #tail: number;

  /** @param text ASCII */
  constructor(text: string) {
    const bytes = new Uint8Array(Buffer.from(text));
    this.#view = new DataView(bytes.buffer);
    this.length = bytes.length;
    this.#head = charactersAt(this.#view, 0, this.length);
    this.#tail = charactersAt(this.#view, this.length - (this.length < 8 ? 4 : 8), this.length);
  }

  /** Whether it stands at `at`. */
  isAt(bytes: DataView, at: number): boolean {
    const { length } = this;
    if (length < 8) return bytes.getInt32(at) === this.#head && bytes.getInt32(at + length - 4) === this.#tail;
    if (bytes.getFloat64(at) !== this.#head || bytes.getFloat64(at + length - 8) !== this.#tail) return false;
    for (let offset = 8; offset < length - 8; offset += 8) {
      if (bytes.getFloat64(at + offset) !== this.#view.getFloat64(offset)) return false;
    }
    return true;
  }
}

/** Eight characters of a word of so many, or four of one that has no eight, as {@link Word.isAt} reads them. */
function charactersAt(view: DataView, at: number, length: number): number {
  return length < 8 ? view.getInt32(at) : view.getFloat64(at);
}

/** For lines that have a line feed before them and behind them: there, all that moves byte by byte stops by itself. */
export class LineCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Offsets of the line's first byte, and of its line feed. */
  start = 0;
  end = 0;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  byteAt(at: number): number {
    return this.#bytes[at] ?? 0;
  }

  isAt(word: Word): boolean {
    return this.at + word.length <= this.end && word.isAt(this.#view, this.at);
  }

  isBefore(word: Word, at: number): boolean {
    return at - word.length >= this.start && word.isAt(this.#view, at - word.length);
  }

  /** Moves over `word`. @returns whether it is there; else nothing moves */
  take(word: Word): boolean {
    if (!this.isAt(word)) return false;
    this.at += word.length;
    return true;
  }

  /** Moves over `byte` as often as it is there. */
  skip(byte: number): void {
    while (this.byteAt(this.at) === byte) this.at++;
  }

  /** Moves over a hexadecimal number. @returns -1 without any, and for one that may be beyond 2^53-1 */
  takeHex(): number {
    const bytes = this.#bytes;
    const from = this.at;
    const fast = from + FAST_HEX_DIGITS;
    let at = from;
    let digit = hexDigit(bytes, at);
    let first = 0;
    for (; digit >= 0 && at < fast; digit = hexDigit(bytes, ++at)) first = first * 16 + digit;
    let value = first;
    for (; digit >= 0; digit = hexDigit(bytes, ++at)) value = value * 16 + digit;
    this.at = at;
    return at > from && at - from <= MAX_HEX_DIGITS ? value : -1;
  }

  /** Moves to the first digit of the decimal number that ends before `end`. @returns as `takeHex` */
  takeDigitsBack(end: number): number {
    const bytes = this.#bytes;
    let at = end;
    let value = 0;
    for (let power = 1; ; power *= 10) {
      const byte = bytes[at - 1] ?? 0;
      if (byte < DIGIT_0 || byte > DIGIT_9) break;
      value += (byte - DIGIT_0) * power;
      at--;
    }
    this.at = at;
    return at < end && end - at <= MAX_DIGITS ? value : -1;
  }
}

function hexDigit(bytes: Uint8Array, at: number): number {
  return HEX_DIGITS[bytes[at] ?? 0] ?? -1;
}
