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

/** Text of four characters or more, which is compared four at a time. */
export class Word {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  /** @param text ASCII */
  constructor(text: string) {
    this.#bytes = new Uint8Array(Buffer.from(text));
    this.#view = new DataView(this.#bytes.buffer);
    this.length = this.#bytes.length;
  }

  /** Whether it stands at `at`. */
  isAt(bytes: DataView, at: number): boolean {
    const last = this.length - 4;
    const view = this.#view;
    for (let offset = 0; offset < last; offset += 4) {
      if (bytes.getInt32(at + offset) !== view.getInt32(offset)) return false;
    }
    return bytes.getInt32(at + last) === view.getInt32(last);
  }
}

/** For lines that have a line feed before them and behind them: there, all that moves byte by byte stops by itself. */
export class LineCursor {
  readonly #bytes: DataView;
  /** Of the line: its first byte, and its line feed. */
  start = 0;
  end = 0;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  byteAt(at: number): number {
    return this.#bytes.getUint8(at);
  }

  isAt(word: Word): boolean {
    return this.at + word.length <= this.end && word.isAt(this.#bytes, this.at);
  }

  isBefore(word: Word, at: number): boolean {
    return at - word.length >= this.start && word.isAt(this.#bytes, at - word.length);
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
    const from = this.at;
    let at = from;
    let digit = this.#hexDigitAt(at);
    let first = 0;
    for (; digit >= 0 && at < from + FAST_HEX_DIGITS; digit = this.#hexDigitAt(++at)) first = first * 16 + digit;
    let value = first;
    for (; digit >= 0; digit = this.#hexDigitAt(++at)) value = value * 16 + digit;
    this.at = at;
    return at > from && at - from <= MAX_HEX_DIGITS ? value : -1;
  }

  /** Moves to the first digit of the decimal number that ends before `end`. @returns as `takeHex` */
  takeDigitsBack(end: number): number {
    let at = end;
    let value = 0;
    for (let power = 1; ; power *= 10) {
      const byte = this.byteAt(at - 1);
      if (byte < DIGIT_0 || byte > DIGIT_9) break;
      value += (byte - DIGIT_0) * power;
      at--;
    }
    this.at = at;
    return at < end && end - at <= MAX_DIGITS ? value : -1;
  }

  #hexDigitAt(at: number): number {
    return HEX_DIGITS[this.byteAt(at)] ?? -1;
  }
}
